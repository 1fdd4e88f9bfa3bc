package storage

// CountRows bounds what Inspect counts of a table; beyond, it estimates.
const CountRows = 10_000

// Overview is what a back end's Inspect finds out about a database, without changing it and without counting the archive.
type Overview struct {
	Backend string `json:"backend"` // name and version: "SQLite 3.50.1", "PostgreSQL 15.14"
	// Name is the file, or the database. Missing says that there is none yet, or none of ours: the rest is zero.
	Name    string `json:"name"`
	Missing bool   `json:"missing,omitempty"`
	// Schema is the newest step that was taken, Program the newest that this program knows.
	Schema  int64 `json:"schema"`
	Program int64 `json:"program"`
	// Bytes is the size of it all on the disk.
	Bytes  int64       `json:"bytes"`
	Tables []TableSize `json:"tables"`
	// Oldest and Newest are ids of the archive, 0 for none. They carry the time: see package archive.
	Oldest int64 `json:"oldest_id,omitempty"`
	Newest int64 `json:"newest_id,omitempty"`
	// Holder is who has the right to write now, as far as the database knows; "" is nobody.
	Holder string `json:"holder,omitempty"`
}

// TableSize is how much a table holds.
type TableSize struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"` // about, if Estimate says so
	// Estimate says that the rows were not counted.
	Estimate bool `json:"estimate,omitempty"`
}
