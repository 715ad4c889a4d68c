package hazard_test

var cm196 = []testCase{
	{
		sql:  "CREATE TABLE a (this_is_a_name_that_is_longer_than_sixty_three_bytes_and_so_is_cut int)",
		want: "CM196:w CM197:n",
	},
	{
		sql:  "CREATE TABLE a (\"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\" int)",
		want: "CM197:n",
	},
}
