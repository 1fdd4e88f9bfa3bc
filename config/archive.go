package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Archive holds the settings of the archive writer, and how long what it wrote is kept.
type Archive struct {
	Ack Ack `yaml:"ack" reload:"false" oneof:"durable async"`
	// BatchRows and BatchWait end a batch, whichever comes first.
	BatchRows int           `yaml:"batch_rows" reload:"false" min:"1" max:"100000"`
	BatchWait time.Duration `yaml:"batch_wait" reload:"false" min:"0s" max:"1s"`
	// QueueRows and QueueBytes bound what waits for a batch. A full queue slows down the senders.
	QueueRows  int  `yaml:"queue_rows" reload:"false" min:"1000" max:"10000000"`
	QueueBytes Size `yaml:"queue_bytes" reload:"false" min:"8MiB" max:"16GiB"`
	// Keep is for the archives of users, KeepRooms for those of rooms. Neither is more than NeverMoreThan in effect, and
	// no host entry or room raises that: read them through [Config.For].
	Keep          Keep `yaml:"keep" reload:"true" min:"1h" max:"forever"`
	KeepRooms     Keep `yaml:"keep_rooms" reload:"true" min:"1h" max:"forever"`
	NeverMoreThan Keep `yaml:"never_more_than" reload:"true" min:"1h" max:"forever"`
	// Hold lists accounts, rooms and domains of which nothing is deleted: see [Config.Held].
	Hold []string `yaml:"hold" reload:"true"`
	// Search keeps an index of the words of messages (XEP-0431).
	Search bool `yaml:"search" reload:"true"`
}

// HostArchive is what a host entry says of the archives of its users and its rooms. A zero or nil field says nothing.
//
// As [Config.For] returns it, all is filled in, and what is kept is within what may be kept. A host entry can lower
// NeverMoreThan, not raise it, and adds to Hold, so that a hold is never lost by another.
type HostArchive struct {
	Keep          Keep     `yaml:"keep,omitempty" reload:"true" min:"1h" max:"forever"`
	KeepRooms     Keep     `yaml:"keep_rooms,omitempty" reload:"true" min:"1h" max:"forever"`
	NeverMoreThan Keep     `yaml:"never_more_than,omitempty" reload:"true" min:"1h" max:"forever"`
	Hold          []string `yaml:"hold,omitempty" reload:"true"`
	Search        *bool    `yaml:"search,omitempty" reload:"true"`
}

// over returns what holds for a host whose entry is h, which may be nil.
func (a *Archive) over(h *HostArchive) *HostArchive {
	out := HostArchive{Keep: a.Keep, KeepRooms: a.KeepRooms, NeverMoreThan: a.NeverMoreThan, Hold: a.Hold, Search: &a.Search}
	if h != nil {
		if h.Keep != 0 {
			out.Keep = h.Keep
		}
		if h.KeepRooms != 0 {
			out.KeepRooms = h.KeepRooms
		}
		if h.NeverMoreThan != 0 {
			out.NeverMoreThan = min(out.NeverMoreThan, h.NeverMoreThan)
		}
		if h.Search != nil {
			out.Search = h.Search
		}
		out.Hold = slices.Concat(a.Hold, h.Hold)
	}
	out.Keep, out.KeepRooms = min(out.Keep, out.NeverMoreThan), min(out.KeepRooms, out.NeverMoreThan)
	return &out
}

// Held reports whether a bare address is under hold: it, its domain, or for a room the host that the rooms belong to is
// in a list, the general one or that of any host entry.
func (c *Config) Held(bare string) bool {
	domain := bare[strings.IndexByte(bare, '@')+1:]
	in := func(list []string) bool {
		return slices.Contains(list, bare) || slices.Contains(list, domain) || slices.ContainsFunc(c.Hosts, func(h Host) bool {
			return h.Rooms == domain && slices.Contains(list, h.Name)
		})
	}
	return in(c.Archive.Hold) || slices.ContainsFunc(c.Hosts, func(h Host) bool { return h.Archive != nil && in(h.Archive.Hold) })
}

// parseHeld returns the normal form of what can be under hold: a bare JID or a domain.
func parseHeld(s string) (string, error) {
	if strings.ContainsRune(s, '@') {
		return parseBare(s)
	}
	if normal, err := parseDomain(s); err == nil {
		return normal, nil
	}
	return "", fmt.Errorf("want an account, a room or a domain, such as alice@example.org or example.org, not %s", quote(s))
}

func (c *checker) held(key string, list []string) {
	for i, s := range list {
		c.normal(fmt.Sprintf("%s[%d]", key, i), s, parseHeld)
	}
}

// hostArchive checks what a host entry overrides of archive.
func (c *checker) hostArchive(key string, h *HostArchive) {
	walkValue(reflect.ValueOf(h).Elem(), key+".", func(key string, f field, v reflect.Value) {
		if f.typ == typeKeep && !v.IsZero() {
			c.add(key, checkRange(f, v))
		}
	})
	c.held(key+".hold", h.Hold)
}
