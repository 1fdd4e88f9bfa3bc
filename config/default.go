package config

import "time"

// Default returns a new Config with every default: what [Load] returns without a file, flags or environment.
func Default() *Config {
	return &Config{
		Data:                "./data",
		Hosts:               []Host{newHost("localhost")},
		Listen:              Listen{C2S: []string{}, C2SDirect: []string{}, HTTP: "127.0.0.1:5280"},
		TLS:                 TLS{Files: []CertFile{}, ACME: defaultACME(), Require: true},
		Auth:                defaultAuth(),
		Registration:        RegistrationClosed,
		RegistrationPerHour: 5,
		Admins:              []string{},
		Contact: Contact{
			Abuse: []string{}, Admin: []string{}, Feedback: []string{}, Sales: []string{},
			Security: []string{}, Status: []string{}, Support: []string{},
		},
		Archive: Archive{
			Ack:        AckDurable,
			BatchRows:  1000,
			BatchWait:  2 * time.Millisecond,
			QueueRows:  65536,
			QueueBytes: 64 * MiB,
			// Nothing goes before somebody said so: what is deleted cannot be had back. The index of texts doubles what
			// the disk knows of a message, and is a choice too.
			Keep:          Forever,
			KeepRooms:     Forever,
			NeverMoreThan: Forever,
			Hold:          []string{},
		},
		Limits: defaultLimits(),
		Stream: Stream{
			ResumeTime:    5 * time.Minute,
			ResumeStanzas: 1000,
			ResumeBytes:   1 * MiB,
			IdlePing:      10 * time.Minute,
			PingTimeout:   time.Minute,
			WriteTimeout:  20 * time.Second,
		},
		Rooms: Rooms{
			Create:               CreateLocal,
			Public:               CreateAnyone,
			Persistent:           CreateAnyone,
			PublicLobby:          "lobby",
			HistoryStanzas:       20,
			HistoryMax:           200,
			ParkAfter:            10 * time.Minute,
			Tombstone:            Keep(30 * 24 * time.Hour),
			MaxOccupants:         2000,
			ChatStatesMax:        100,
			PresenceInterval:     15 * time.Second,
			PresenceIntervalOver: 100,
			PresenceChangesMax:   1000,
			IdlePing:             15 * time.Minute,
			PerUser:              100,
			PerAccountOwned:      50,
			JoinsPerMinute:       60,
			JoinsBurst:           500,
			StanzasPerSecond:     10,
			StanzasBurst:         100,
		},
		Log: Log{Level: "info", Format: LogText},
	}
}

// newHost is the host of that name, with its rooms where they are by default.
func newHost(name string) Host { return Host{Name: name, Rooms: "conference." + name} }

func defaultACME() ACME {
	return ACME{CA: NoCA, Challenges: []string{"tls-alpn-01", "http-01"}, TLSPort: 443, HTTPPort: 80}
}

func defaultAuth() Auth {
	return Auth{
		Mechanisms: []string{
			"SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS",
			"SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN",
		},
		Iterations:         10000,
		Tries:              3,
		Delay:              time.Second,
		MaxDelay:           15 * time.Second,
		FailuresPerAddress: 200,
	}
}

// defaultLimits has buckets wide enough for a client that joins a hundred rooms or publishes an avatar at login.
func defaultLimits() Limits {
	return Limits{
		StanzaBeforeLogin:     10 * KiB,
		DepthBeforeLogin:      16,
		LoginTime:             30 * time.Second,
		Stanza:                256 * KiB,
		Depth:                 64,
		Attributes:            64,
		ConnectionsPerAddress: 1000,
		ConnectionsExempt:     []string{},
		ResourcesPerUser:      20,
		BytesPerSecond:        128 * KiB,
		BytesBurst:            1 * MiB,
		StanzasPerSecond:      100,
		StanzasBurst:          1000,
		OutboxBytes:           1 * MiB,
		OutboxStanzas:         8000,
		OutboxBytesPerUser:    12 * MiB,
		InFlight:              256,
		OfflineStanzas:        1000,
		RosterItems:           1000,
		PrivateBytes:          256 * KiB,
		VCardBytes:            128 * KiB,
		BlocklistItems:        1000,
	}
}
