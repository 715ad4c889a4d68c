// Package sqlgraph runs what the generated client describes. It is Ent's package of the
// same name, which the generated code imports it for, with four differences:
//
//   - CreateNode, BatchCreate, UpdateNode and UpdateNodes write the statement of ordinary
//     rows by themselves, with a fraction of the builder's memory.
//   - UpdateNode has the UPDATE return the row, which Ent reads back with a SELECT: one
//     round trip fewer.
//   - QueryNodes names its columns in one piece, and makes what rows are scanned into
//     many at a time.
//   - [ByID] is the query of a client's Get, whose text is made once.
//
// What isn't ordinary is left to Ent: edges that other tables hold, ON CONFLICT,
// modifiers of an INSERT, values that are SQL, other databases. The statements are the
// same, byte for byte, as tests show, but for those of BatchCreate: they return no ids,
// which are known, and have the columns in the order of the fields.
package sqlgraph
