package config

import "time"

// Config is every setting of a server, with the defaults filled in.
type Config struct {
	Data                string       `yaml:"data" reload:"false"`
	Hosts               []Host       `yaml:"hosts" reload:"false"`
	Listen              Listen       `yaml:"listen"`
	Storage             Storage      `yaml:"storage"`
	TLS                 TLS          `yaml:"tls"`
	Auth                Auth         `yaml:"auth"`
	Registration        Registration `yaml:"registration" reload:"true" oneof:"closed open"`
	RegistrationPerHour int          `yaml:"registration_per_hour" reload:"true" min:"1" max:"10000"`
	Admins              []string     `yaml:"admins" reload:"true"`
	Contact             Contact      `yaml:"contact"`
	Archive             Archive      `yaml:"archive"`
	Limits              Limits       `yaml:"limits"`
	Stream              Stream       `yaml:"stream"`
	Rooms               Rooms        `yaml:"rooms"`
	SecretKeyFile       string       `yaml:"secret_key_file" reload:"false"`
	Log                 Log          `yaml:"log"`
}

// Host is one domain that the server answers for, and the domain of its rooms.
//
// Name and Rooms are normalised: lower case, U-labels (RFC 7622 §3.2), no trailing dot. The other fields override
// the settings of the same name above them; empty or nil means that they do not. [Config.For] resolves them.
type Host struct {
	Name         string       `yaml:"name" reload:"false"`
	Rooms        string       `yaml:"rooms" reload:"false"`
	Registration Registration `yaml:"registration,omitempty" reload:"true" oneof:"closed open"`
	Admins       []string     `yaml:"admins,omitempty" reload:"true"`
	Contact      *Contact     `yaml:"contact,omitempty"`
	Archive      *HostArchive `yaml:"archive,omitempty"`
	TLS          *HostTLS     `yaml:"tls,omitempty" reload:"false"`
}

// Listen says where the server listens. Addresses are host:port; an empty host means all addresses, port 0 any free port.
//
// Read C2S and C2SDirect through [Config.C2SAddrs] and [Config.C2SDirectAddrs]: an empty list stands for a derived one.
type Listen struct {
	C2S       []string `yaml:"c2s" reload:"false"`
	C2SDirect []string `yaml:"c2s_direct" reload:"false"`
	// HTTP serves health and metrics; empty means off.
	HTTP string `yaml:"http" reload:"false"`
}

// Storage says where accounts, rooms and the archive live.
//
// After [Load], URL holds the content of URLFile if that is set. See [Config.SQLitePath].
type Storage struct {
	URL     StorageURL `yaml:"url" reload:"false"`
	URLFile string     `yaml:"url_file" reload:"false"`
}

// TLS says where certificates come from: files, then an authority. With neither, the server makes a self-signed one.
type TLS struct {
	Files []CertFile `yaml:"files" reload:"true"`
	ACME  ACME       `yaml:"acme"`
	// Require refuses to log in a client whose stream is not encrypted.
	Require bool `yaml:"require" reload:"true"`
}

// CertFile is a PEM certificate chain and its private key, by path.
type CertFile struct {
	Certificate string `yaml:"certificate" reload:"true"`
	Key         string `yaml:"key" reload:"true"`
}

// Auth holds what a client may log in with, and how often it may try.
type Auth struct {
	// Mechanisms are SASL names, the preferred first.
	Mechanisms []string `yaml:"mechanisms" reload:"true" oneof:"SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN"`
	// Iterations is the SCRAM count for passwords set from now on (RFC 5802 §5.1).
	Iterations int `yaml:"iterations" reload:"true" min:"4096" max:"10000000"`
	// Tries is how many attempts one stream has (RFC 6120 §6.4.5).
	Tries int `yaml:"tries" reload:"true" min:"1" max:"10"`
	// Delay is the distance between two tries of one account from one address once ten were made; it doubles with each
	// further one up to MaxDelay, of which half of Limits.LoginTime counts. 0 turns all waiting off, FailuresPerAddress too.
	Delay    time.Duration `yaml:"delay" reload:"true" min:"10ms" max:"1m" zero:"off"`
	MaxDelay time.Duration `yaml:"max_delay" reload:"true" min:"0s" max:"1h"`
	// FailuresPerAddress is how many failures an address has in an hour, whatever the account.
	FailuresPerAddress int `yaml:"failures_per_address" reload:"true" min:"10" max:"1000000"`
}

// Registration says whether strangers may make accounts in band (XEP-0077).
type Registration string

// The values of [Registration].
const (
	RegistrationClosed Registration = "closed"
	RegistrationOpen   Registration = "open"
)

// Contact holds the service's contact addresses, URIs, by purpose (XEP-0157 §3).
type Contact struct {
	Abuse    []string `yaml:"abuse" reload:"true"`
	Admin    []string `yaml:"admin" reload:"true"`
	Feedback []string `yaml:"feedback" reload:"true"`
	Sales    []string `yaml:"sales" reload:"true"`
	Security []string `yaml:"security" reload:"true"`
	Status   []string `yaml:"status" reload:"true"`
	Support  []string `yaml:"support" reload:"true"`
}

// Ack says when a stanza counts as handled.
type Ack string

// The values of [Ack].
const (
	// AckDurable delivers and acknowledges a message once its archive row is committed.
	AckDurable Ack = "durable"
	// AckAsync delivers first and commits soon after: a crash can lose what was acknowledged.
	AckAsync Ack = "async"
)

// Log holds what is logged, and how.
type Log struct {
	Level  LogLevel  `yaml:"level" reload:"true" oneof:"debug info warn error"`
	Format LogFormat `yaml:"format" reload:"false" oneof:"text json"`
}

// LogLevel is the least level that is logged: debug, info, warn or error. See [LogLevel.Level].
type LogLevel string

// LogFormat is the shape of a log line.
type LogFormat string

// The values of [LogFormat].
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)
