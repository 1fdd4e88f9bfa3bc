package muc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/wire"
)

// settings is a room's configuration, stored as JSON. A field that an older record lacks has its zero value; the zero
// value of each field is therefore what rooms were like before the field came.
type settings struct {
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	Lang        string `json:"lang,omitempty"`
	Public      bool   `json:"public,omitempty"`
	Persistent  bool   `json:"persistent,omitempty"`
	Password    []byte `json:"password,omitempty"` // sealed: see password.go
	MembersOnly bool   `json:"members_only,omitempty"`
	Moderated   bool   `json:"moderated,omitempty"`
	MaxUsers    int    `json:"max_users,omitempty"` // 0 is no limit
	Whois       whois  `json:"whois,omitempty"`
	// ChangeSubject lets participants change the subject, not moderators alone.
	ChangeSubject bool `json:"change_subject,omitempty"`
	// Invites lets any occupant of a members-only room invite, not admins alone.
	Invites bool    `json:"invites,omitempty"`
	Private private `json:"private,omitempty"`
	// Silent has bit r set if presence of role r is not told to others.
	Silent uint8 `json:"silent,omitempty"`
	// PresenceEvery is how many seconds lie between two changes of somebody's presence that others are told; 0 is as the service
	// says, presenceUntold is never.
	PresenceEvery uint32 `json:"presence_every,omitempty"`
	// NickLock holds who has registered a nick to it.
	NickLock bool `json:"nick_lock,omitempty"`
	// Contact are bare addresses, shown to everyone.
	Contact []string `json:"contact,omitempty"`
	// MaxHistory is how many messages who enters is sent at most; nil is as many as the service says.
	MaxHistory *int `json:"max_history,omitempty"`
	// NoArchive keeps what is said out of the archive; the live history has it.
	NoArchive bool `json:"no_archive,omitempty"`
	// Keep is how long messages stay; 0 is as long as the service says.
	Keep config.Keep `json:"keep,omitempty"`
	// Hats are those that there are, Worn has the URIs of those of each account, bare. Neither is changed in place: copies share them.
	Hats []hat                  `json:"hats,omitempty"`
	Worn map[wire.Addr][]string `json:"worn,omitempty"`
	// Voices are those that were given or taken, the oldest first. They are not changed in place: copies share them.
	Voices []voice `json:"voices,omitempty"`
	// Tokens are those that make members. They are not changed in place: copies share them.
	Tokens []token `json:"tokens,omitempty"`
	// Versions are those of the affiliations, nil until somebody asks for one. They are not changed in place: copies share them.
	Versions *versions `json:"versions,omitempty"`
	// SlowMode is how many seconds lie between two messages of one account; 0 is off.
	SlowMode uint32 `json:"slow_mode,omitempty"`
	// RaidUntil is when raid mode ends; zero, or past, is off. RaidWait is how many seconds lie in it between two messages of an
	// account without affiliation; 0 is the usual.
	RaidUntil time.Time `json:"raid_until,omitzero"`
	RaidWait  uint32    `json:"raid_wait,omitempty"`
	// VCard is the room's <vCard/> as its owner sent it, "" for none; Avatars has the hashes of its photos.
	VCard   string   `json:"vcard,omitempty"`
	Avatars []string `json:"avatars,omitempty"`
}

// defaults are the settings of a new room: public talk, addresses seen by moderators alone (XEP-0045 §10.1.2 leaves the
// choice to us).
func (s *Service) defaults() settings {
	return settings{Public: true, MaxUsers: s.o.Config().Rooms.MaxOccupants}
}

// alikeBesidesPrivacy reports whether two differ in nothing else than what has a status code of its own: who sees the real
// addresses, and whether messages are kept.
func (s settings) alikeBesidesPrivacy(other settings) bool {
	s.Whois, s.NoArchive = other.Whois, other.NoArchive
	return s.alike(other)
}

func (s settings) alike(other settings) bool { return bytes.Equal(s.marshal(), other.marshal()) }

func (s settings) marshal() []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("muc: settings do not marshal: %v", err)) // strings, numbers and bytes always do
	}
	return b
}

func parseSettings(b []byte) (settings, error) {
	var s settings
	if err := json.Unmarshal(b, &s); err != nil {
		return settings{}, fmt.Errorf("muc: read settings: %w", err)
	}
	return s, nil
}
