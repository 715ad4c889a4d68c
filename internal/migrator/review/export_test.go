package review

// The tests have few tables, and are to show that rows are made where they are needed.
func init() { fewTables = 0 }
