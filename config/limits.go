package config

import "time"

// Limits bounds what one peer can take. Stanzas are counted, Size is bytes.
type Limits struct {
	// Before login. RFC 6120 §13.12 asks for at least 10,000 bytes.
	StanzaBeforeLogin Size          `yaml:"stanza_before_login" reload:"true" min:"10000" max:"256KiB"`
	DepthBeforeLogin  int           `yaml:"depth_before_login" reload:"true" min:"8" max:"256"`
	LoginTime         time.Duration `yaml:"login_time" reload:"true" min:"1s" max:"10m"`
	// After login.
	Stanza     Size `yaml:"stanza" reload:"true" min:"10000" max:"4MiB"`
	Depth      int  `yaml:"depth" reload:"true" min:"16" max:"1000"`
	Attributes int  `yaml:"attributes" reload:"true" min:"16" max:"1000"`
	// Connections of one address; IPv6 addresses count by their /64. See [Limits.ExemptPrefixes].
	ConnectionsPerAddress int      `yaml:"connections_per_address" reload:"true" min:"1" max:"1000000"`
	ConnectionsExempt     []string `yaml:"connections_exempt" reload:"true"`
	ResourcesPerUser      int      `yaml:"resources_per_user" reload:"true" min:"1" max:"1000"`
	// Token buckets of one stream: a faster sender is slowed down, nothing is lost.
	BytesPerSecond   Size `yaml:"bytes_per_second" reload:"true" min:"1KiB" max:"1GiB"`
	BytesBurst       Size `yaml:"bytes_burst" reload:"true" min:"10000" max:"1GiB"`
	StanzasPerSecond int  `yaml:"stanzas_per_second" reload:"true" min:"1" max:"1000000"`
	StanzasBurst     int  `yaml:"stanzas_burst" reload:"true" min:"1" max:"1000000"`
	// What waits for one session's socket, and what one stream has waiting for the archive's commit.
	OutboxBytes   Size `yaml:"outbox_bytes" reload:"true" min:"64KiB" max:"1GiB"`
	OutboxStanzas int  `yaml:"outbox_stanzas" reload:"true" min:"100" max:"1000000"`
	// OutboxBytesPerUser bounds what waits for all sessions of one account together, what they have not acknowledged included.
	OutboxBytesPerUser Size `yaml:"outbox_bytes_per_user" reload:"true" min:"1MiB" max:"16GiB"`
	InFlight           int  `yaml:"in_flight" reload:"false" min:"1" max:"10000"`
	// What one user may store.
	OfflineStanzas int  `yaml:"offline_stanzas" reload:"true" min:"0" max:"1000000"`
	RosterItems    int  `yaml:"roster_items" reload:"true" min:"1" max:"100000"`
	PrivateBytes   Size `yaml:"private_bytes" reload:"true" min:"0" max:"64MiB"`
	VCardBytes     Size `yaml:"vcard_bytes" reload:"true" min:"1KiB" max:"4MiB"`
	BlocklistItems int  `yaml:"blocklist_items" reload:"true" min:"1" max:"100000"`
}

// Stream holds how a stream is watched, and how long it can be resumed (XEP-0198 §5).
type Stream struct {
	// ResumeTime is how long a lost stream can be resumed; 0 means never.
	ResumeTime time.Duration `yaml:"resume_time" reload:"true" min:"1s" max:"24h" zero:"off"`
	// ResumeStanzas and ResumeBytes bound what is kept for the client until it acknowledges.
	ResumeStanzas int  `yaml:"resume_stanzas" reload:"true" min:"10" max:"1000000"`
	ResumeBytes   Size `yaml:"resume_bytes" reload:"true" min:"64KiB" max:"1GiB"`
	// IdlePing is the silence after which the client is pinged; 0 means never. PingTimeout is the wait for its answer.
	IdlePing    time.Duration `yaml:"idle_ping" reload:"true" min:"1s" max:"24h" zero:"off"`
	PingTimeout time.Duration `yaml:"ping_timeout" reload:"true" min:"1s" max:"10m"`
	// WriteTimeout is how long one write to a socket may take.
	WriteTimeout time.Duration `yaml:"write_timeout" reload:"true" min:"1s" max:"10m"`
}

// Create says who may create a room, or make one public or persistent.
type Create string

// The values of [Create].
const (
	CreateAnyone Create = "anyone"
	CreateLocal  Create = "local"
	CreateAdmins Create = "admins"
)

// Rooms holds the defaults and the limits of the conference service (XEP-0045).
type Rooms struct {
	Create Create `yaml:"create" reload:"true" oneof:"anyone local admins"`
	// Public and Persistent say which owners may have a room listed, and keep it when everyone has left.
	Public     Create `yaml:"public" reload:"true" oneof:"anyone local admins"`
	Persistent Create `yaml:"persistent" reload:"true" oneof:"anyone local admins"`
	// PublicLobby is the localpart of a permanent public room on each host; empty means none.
	PublicLobby string `yaml:"public_lobby" reload:"false"`
	// HistoryStanzas is sent to a client that asks for nothing else, HistoryMax is the most it can ask for.
	HistoryStanzas int `yaml:"history_stanzas" reload:"true" min:"0" max:"10000"`
	HistoryMax     int `yaml:"history_max" reload:"true" min:"0" max:"10000"`
	// ParkAfter is the idle time after which a room is saved and its goroutine ends.
	ParkAfter time.Duration `yaml:"park_after" reload:"true" min:"1s" max:"24h"`
	// Tombstone is how long a destroyed room's name is kept from all but its owners and the admins.
	Tombstone Keep `yaml:"tombstone" reload:"true" min:"1m" max:"1y"`
	// MaxOccupants is muc#roomconfig_maxusers of a new room; 0 means no limit.
	MaxOccupants int `yaml:"max_occupants" reload:"true" min:"1" max:"1000000" zero:"no limit"`
	// ChatStatesMax is the number of occupants over which a room passes on no chat states that come alone (XEP-0085 §5.8).
	ChatStatesMax int `yaml:"chat_states_max" reload:"true" min:"0" max:"1000000"`
	// PresenceInterval is the least time between two changes of an occupant's presence that others are told, in rooms of more than
	// PresenceIntervalOver occupants; the last one wins. Over PresenceChangesMax occupants others are told of none.
	PresenceInterval     time.Duration `yaml:"presence_interval" reload:"true" min:"1s" max:"24h" zero:"at once"`
	PresenceIntervalOver int           `yaml:"presence_interval_over" reload:"true" min:"0" max:"1000000"`
	PresenceChangesMax   int           `yaml:"presence_changes_max" reload:"true" min:"0" max:"1000000"`
	// IdlePing is the silence after which an occupant from another server is asked whether it is there (XEP-0045 §18.1.2).
	IdlePing time.Duration `yaml:"idle_ping" reload:"true" min:"1m" max:"24h" zero:"off"`
	// PerUser is how many rooms a session may be in, PerAccountOwned how many rooms an account may own.
	PerUser         int `yaml:"per_user" reload:"true" min:"1" max:"100000"`
	PerAccountOwned int `yaml:"per_account_owned" reload:"true" min:"0" max:"100000"`
	// Token bucket of one account, over all its sessions and all rooms of a host: over it, nothing more is entered.
	JoinsPerMinute int `yaml:"joins_per_minute" reload:"true" min:"1" max:"1000000"`
	JoinsBurst     int `yaml:"joins_burst" reload:"true" min:"1" max:"1000000"`
	// Token bucket of one occupant: over it, a stanza is refused.
	StanzasPerSecond int `yaml:"stanzas_per_second" reload:"true" min:"1" max:"1000000"`
	StanzasBurst     int `yaml:"stanzas_burst" reload:"true" min:"1" max:"1000000"`
}
