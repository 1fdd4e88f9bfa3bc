package storage

// Tables are all tables, each behind those that it refers to. docs/storage.md says what their columns mean; the suite holds
// each back end's schema against this list.
var Tables = []*Table{
	{Name: "accounts", Key: 1, Columns: []Column{
		text("addr"), text("host"), number("created"), number("last_seen").orNull(), text("status")}},
	{Name: "account_keys", Key: 2, Columns: []Column{
		text("addr"), text("hash"), number("iterations"), bytes("salt"), bytes("stored_key"), bytes("server_key")}},
	{Name: "rosters", Key: 1, Columns: []Column{
		text("owner"), number("version"), number("start"), number("forgotten")}},
	{Name: "roster_items", Key: 2, Columns: []Column{
		text("owner"), text("contact"), text("name"), text("groups"), text("subscription"), flag("ask"), flag("approved"),
		bytes("request").orNull(), flag("listed"), number("version")}},
	{Name: "roster_removals", Key: 2, Columns: []Column{text("owner"), text("contact"), number("version")}},
	{Name: "documents", Key: 3, Columns: []Column{text("owner"), text("kind"), text("key"), bytes("data")}},
	{Name: "blocks", Key: 2, Columns: []Column{text("owner"), text("addr")}},
	{Name: "rooms", Key: 1, Columns: []Column{
		text("addr"), text("service"), number("created"), bytes("config"), flag("public"), text("name"), text("subject"),
		text("subject_from"), number("subject_at").orNull(), bytes("subject_stanza").orNull()}},
	{Name: "affiliations", Key: 2, Columns: []Column{
		text("room"), text("addr"), text("value"), text("nick"), text("reason"), text("by"), number("at").orNull()}},
	{Name: "owners", Key: 1, Columns: []Column{number("id"), text("addr").orNull()}},
	{Name: "archive", Key: 1, Columns: []Column{
		number("id"), number("owner"), number("peer_key"), text("peer"), number("kind"), flag("outgoing"),
		bytes("origin").orNull(), bytes("stanza"), flag("tombstone")}},
	{Name: "held", Key: 2, Columns: []Column{
		number("owner"), number("id"), text("peer"), number("kind"), flag("outgoing"), bytes("origin").orNull(), bytes("stanza")}},
	{Name: "undelivered", Key: 2, Columns: []Column{number("owner"), number("id")}},
	{Name: "archive_last", Key: 1, Columns: []Column{number("one"), number("id")}, Replace: true},
}

// AccountTables are the tables with rows that DeleteAccount removes beside the account, its keys and its archive, and the
// column of each that names the account.
var AccountTables = []struct{ Name, Account string }{
	{"roster_items", "owner"}, {"roster_removals", "owner"}, {"rosters", "owner"}, {"documents", "owner"}, {"blocks", "owner"},
	{"affiliations", "addr"},
}
