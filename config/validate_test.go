package config_test

import (
	"testing"

	"salon.im/salon/config"
)

func TestDefaultIsValid(t *testing.T) {
	if err := config.Default().Validate(); err != nil {
		t.Error(err)
	}
}

func TestDefaultIsNew(t *testing.T) {
	config.Default().Hosts[0].Name = "changed"
	config.Default().Auth.Mechanisms[0] = "changed"
	if d := config.Default(); d.Hosts[0].Name != "localhost" || d.Auth.Mechanisms[0] == "changed" {
		t.Error("a caller can change the defaults")
	}
}

func TestValidate(t *testing.T) {
	for i, test := range []struct {
		change func(*config.Config)
		want   string // all of the error; empty: valid
	}{
		// Hosts: normal, and no name twice.
		0: {func(c *config.Config) { c.Hosts = nil }, "hosts: want at least one, such as [{name: example.org}]"},
		1: {hosts("a.example", "b.example"), ""},
		2: {hosts("a.example", "a.example"), `hosts[1].name: "a.example" is taken by hosts[0].name` + "\n" +
			`hosts[1].rooms: "conference.a.example" is taken by hosts[0].rooms`},
		3:  {hosts("a.example", "conference.a.example"), `hosts[1].name: "conference.a.example" is taken by hosts[0].rooms`},
		4:  {rooms("localhost"), `hosts[0].rooms: "localhost" is taken by hosts[0].name`},
		5:  {hosts("A.example"), `hosts[0].name: write "A.example" in its normal form, "a.example"`},
		6:  {hosts("xn--bcher-kva.example"), `hosts[0].name: write "xn--bcher-kva.example" in its normal form, "bücher.example"`},
		7:  {hosts("192.0.2.1"), ""},
		8:  {hosts("192.0.2.256"), `hosts[0].name: want a domain such as example.org, not "192.0.2.256"`},
		9:  {hosts("a@b"), `hosts[0].name: want a domain such as example.org, not "a@b"`},
		10: {hosts("a_b.example"), `hosts[0].name: want a domain such as example.org, not "a_b.example"`},
		11: {hosts("a..example"), `hosts[0].name: want a domain such as example.org, not "a..example"`},
		12: {hosts(""), `hosts[0].name: want a domain such as example.org, not ""`},
		13: {func(c *config.Config) { c.Hosts[0].Registration = "perhaps" },
			`hosts[0].registration: "perhaps" is unknown; want one of closed, open`},
		14: {func(c *config.Config) { c.Hosts[0].Contact = &config.Contact{Sales: []string{"x"}} },
			`hosts[0].contact.sales[0]: want a URI such as mailto:admin@example.org, not "x"`},
		15: {func(c *config.Config) { c.Hosts[0].Admins = []string{"A@localhost"} },
			`hosts[0].admins[0]: write "A@localhost" in its normal form, "a@localhost"`},
		// Addresses to listen on.
		16: {c2s("127.0.0.1:5222", "[::1]:5222", ":5223", "localhost:5222", "[fe80::1%eth0]:5222", "127.0.0.1:0", "127.0.0.1:0"), ""},
		17: {c2s(""), `listen.c2s[0]: want host:port, such as 127.0.0.1:5222, [::1]:5222 or :5222, not ""`},
		18: {c2s("::1:5222"), `listen.c2s[0]: want host:port, such as 127.0.0.1:5222, [::1]:5222 or :5222, not "::1:5222"`},
		19: {c2s(":65536"), `listen.c2s[0]: port "65536" is out of range (0 to 65535)`},
		20: {c2s(":-1"), `listen.c2s[0]: port "-1" is out of range (0 to 65535)`},
		21: {c2s(":xmpp"), `listen.c2s[0]: port "xmpp" is out of range (0 to 65535)`},
		22: {c2s("a_b:1"), `listen.c2s[0]: want an IP address, a name or nothing before the port, not "a_b"`},
		23: {c2s("127.0.0.1:5280"), `listen.http: 127.0.0.1:5280 is taken by listen.c2s[0]`},
		24: {func(c *config.Config) { c.Listen.C2S, c.Listen.C2SDirect = []string{":1"}, []string{":1"} },
			`listen.c2s_direct[0]: :1 is taken by listen.c2s[0]`},
		25: {func(c *config.Config) { c.Listen.HTTP = "" }, ""},
		26: {func(c *config.Config) { c.Listen.HTTP = "5280" },
			`listen.http: want host:port, such as 127.0.0.1:5222, [::1]:5222 or :5222, not "5280"`},
		// Storage.
		27: {url("sqlite:/var/lib/salon.db"), ""},
		28: {url("sqlite:"), "storage.url: want sqlite:PATH, with the path of a file, without '//', '?' and '#'"},
		29: {url("sqlite://a.db"), "storage.url: want sqlite:PATH, with the path of a file, without '//', '?' and '#'"},
		30: {url("sqlite::memory:"), "storage.url: want sqlite:PATH, with the path of a file, without '//', '?' and '#'"},
		31: {url("salon.db"), "storage.url: want postgres://USER:PASSWORD@HOST/DATABASE or sqlite:PATH, or nothing for salon.db in the data directory"},
		32: {url("mysql://u:geheim@h"), "storage.url: want postgres://USER:PASSWORD@HOST/DATABASE or sqlite:PATH, or nothing for salon.db in the data directory"},
		33: {url("PostgreSQL://u:geheim@h/d"), "storage.url: want postgres://USER:PASSWORD@HOST/DATABASE or sqlite:PATH, or nothing for salon.db in the data directory"},
		// Words.
		34: {func(c *config.Config) { c.Auth.Mechanisms = nil }, "auth.mechanisms: want at least one of " +
			"SCRAM-SHA-512-PLUS, SCRAM-SHA-256-PLUS, SCRAM-SHA-1-PLUS, SCRAM-SHA-512, SCRAM-SHA-256, SCRAM-SHA-1, PLAIN"},
		35: {func(c *config.Config) { c.Auth.Mechanisms = []string{"PLAIN", "PLAIN"} }, `auth.mechanisms[1]: "PLAIN" is there twice`},
		36: {func(c *config.Config) { c.Auth.Mechanisms = []string{"SCRAM-SHA1"} }, `auth.mechanisms[0]: "SCRAM-SHA1" is unknown; ` +
			"the nearest is SCRAM-SHA-1 (known: SCRAM-SHA-512-PLUS, SCRAM-SHA-256-PLUS, SCRAM-SHA-1-PLUS, SCRAM-SHA-512, SCRAM-SHA-256, SCRAM-SHA-1, PLAIN)"},
		37: {func(c *config.Config) { c.Archive.Ack = "" }, `archive.ack: "" is unknown; want one of durable, async`},
		38: {func(c *config.Config) { c.Rooms.Create = "nobody" }, `rooms.create: "nobody" is unknown; want one of anyone, local, admins`},
		// Other addresses.
		39: {func(c *config.Config) { c.Limits.ConnectionsExempt = []string{"192.0.2.0/24", "2001:db8::/32"} }, ""},
		40: {func(c *config.Config) { c.Limits.ConnectionsExempt = []string{"192.0.2.1"} },
			"limits.connections_exempt[0]: want a network; write 192.0.2.1/32 for this address alone"},
		41: {func(c *config.Config) { c.Limits.ConnectionsExempt = []string{"::ffff:192.0.2.0/120"} },
			`limits.connections_exempt[0]: want a network such as 192.0.2.0/24 or 2001:db8::/32, not "::ffff:192.0.2.0/120"`},
		42: {func(c *config.Config) { c.Rooms.PublicLobby = "" }, ""},
		43: {func(c *config.Config) { c.Rooms.PublicLobby = "a b" },
			`rooms.public_lobby: want the part of an address before the @, such as lobby, not "a b"`},
		44: {func(c *config.Config) { c.Admins = []string{"example.org"} },
			`admins[0]: want a bare address such as alice@example.org, not "example.org"`},
		45: {func(c *config.Config) { c.Contact.Abuse = []string{"mailto:a@b", "xmpp:a@b?message", "https://a.b/c"} }, ""},
		46: {func(c *config.Config) { c.Contact.Abuse = []string{"mailto:"} },
			`contact.abuse[0]: want a URI such as mailto:admin@example.org, not "mailto:"`},
		47: {func(c *config.Config) { c.TLS.Files = []config.CertFile{{Certificate: "a"}} }, "tls.files[0].key: want the path of a PEM file"},
		48: {func(c *config.Config) { c.Data = "" }, "data: want a directory"},
		49: {func(c *config.Config) { c.Data = "a\x00" }, "data: want text in UTF-8 without control characters"},
		50: {func(c *config.Config) { c.Stream.ResumeTime, c.Stream.IdlePing = 0, 0 }, ""},
		// Keys against each other.
		51: {func(c *config.Config) { c.Auth.MaxDelay = 0 }, "auth.max_delay: 0s is less than auth.delay (1s)"},
		52: {func(c *config.Config) { c.Archive.QueueRows, c.Archive.BatchRows = 1000, 1001 },
			"archive.queue_rows: 1000 is less than archive.batch_rows (1001)"},
		53: {func(c *config.Config) { c.Limits.BytesBurst = 10000 }, "limits.bytes_burst: 10000 is less than limits.stanza (256KiB)"},
		54: {func(c *config.Config) { c.Limits.OutboxBytes = 64 * config.KiB }, "limits.outbox_bytes: 64KiB is less than limits.stanza (256KiB)"},
		55: {func(c *config.Config) { c.Stream.ResumeBytes = 64 * config.KiB }, "stream.resume_bytes: 64KiB is less than limits.stanza (256KiB)"},
		56: {func(c *config.Config) { c.Limits.Stanza = 127 * config.KiB }, "limits.stanza: 127KiB is less than limits.vcard_bytes (128KiB)"},
		57: {func(c *config.Config) { c.Limits.Depth, c.Limits.DepthBeforeLogin = 16, 17 },
			"limits.depth: 16 is less than limits.depth_before_login (17)"},
		58: {func(c *config.Config) { c.Rooms.HistoryMax = 0 }, "rooms.history_max: 0 is less than rooms.history_stanzas (20)"},
		59: {func(c *config.Config) {
			c.Limits.StanzaBeforeLogin, c.Limits.Stanza, c.Limits.VCardBytes = 10001, 10000, config.KiB
		}, "limits.stanza: 10000 is less than limits.stanza_before_login (10001)"},
		// PostgreSQL.
		60: {url("postgres://u:geheim@h:5432/d?sslmode=verify-full"), ""},
		61: {url("postgresql:///d?host=/run/postgresql"), ""},
		62: {url("postgres:d"), "storage.url: " + wantPostgres},
		63: {url("postgres://u:ge heim@h/d"), "storage.url: " + wantPostgres},
	} {
		cfg := config.Default()
		test.change(cfg)
		got := ""
		if err := cfg.Validate(); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%d: got %s\nwant %s", i, got, test.want)
		}
	}
}

func hosts(names ...string) func(*config.Config) {
	return func(c *config.Config) {
		c.Hosts = nil
		for _, name := range names {
			c.Hosts = append(c.Hosts, config.Host{Name: name, Rooms: "conference." + name})
		}
		if len(names) == 1 { // about the name only
			c.Hosts[0].Rooms = "rooms.example"
		}
	}
}

func rooms(name string) func(*config.Config) {
	return func(c *config.Config) { c.Hosts[0].Rooms = name }
}

func c2s(addresses ...string) func(*config.Config) {
	return func(c *config.Config) { c.Listen.C2S = addresses }
}

const wantPostgres = "want postgres://USER:PASSWORD@HOST/DATABASE, with special characters of the password as %XX; over a unix socket postgres:///DATABASE?host=/run/postgresql"

func url(u config.StorageURL) func(*config.Config) {
	return func(c *config.Config) { c.Storage.URL = u }
}
