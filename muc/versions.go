package muc

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const nsVersions = "urn:xmpp:muc:affiliations:1"

// maxVersions is how many changes of its lists a room remembers, besides those of the last request.
const maxVersions = 100

// versions are those that the lists of affiliations went through (XEP-0463). A room keeps them from the first time that somebody
// asks. They are not changed in place: copies of the settings share them.
type versions struct {
	Base string      `json:"base"` // before the first change
	Log  []versioned `json:"log,omitempty"`
	// Sum is that of the lists at the newest version. It shows on reading whether they were changed in the store meanwhile, as
	// the end of an account does.
	Sum   uint64 `json:"sum"`
	fresh int    // how many of Log the last request made
}

// versioned is one change. Versions are random, so that nobody can ask for one that it was not told (XEP-0463 §6).
type versioned struct {
	Version string      `json:"v"` // after it
	Addr    wire.Addr   `json:"a"`
	Was     affiliation `json:"w"`
	Is      affiliation `json:"i"`
}

func advertiseVersions(r *router.Router) {
	r.Advertise(router.OnRoom, router.XEP{Num: 463, Version: "0.2.0", Status: "complete",
		Note: "versions are told to those who asked for them when they entered"}, nsVersions)
}

func (v *versions) current() string {
	if len(v.Log) == 0 {
		return v.Base
	}
	return v.Log[len(v.Log)-1].Version
}

// after returns the changes since a version, and false if that is not known any more.
func (v *versions) after(version string) ([]versioned, bool) {
	if version == v.Base {
		return v.Log, true
	}
	i := slices.IndexFunc(v.Log, func(c versioned) bool { return c.Version == version })
	return v.Log[i+1:], i >= 0
}

// weigh is the part of one affiliation in the sum.
func weigh(addr wire.Addr, value affiliation) uint64 {
	if value == unaffiliated {
		return 0
	}
	h := sha256.Sum256([]byte(addr.String() + "\x00" + value.String()))
	return binary.BigEndian.Uint64(h[:])
}

// newVersions begins anew, with the lists as they are.
func (r *room) newVersions() *versions {
	v := &versions{Base: wire.NewID()}
	for _, a := range r.affiliations {
		is, _ := parseAffiliation(a.Value)
		v.Sum += weigh(a.Addr, is)
	}
	return v
}

// nextVersions returns the versions with changes that are not taken over yet; nil if the room keeps none.
func (r *room) nextVersions(changes []storage.Affiliation) *versions {
	if r.set.Versions == nil {
		return nil
	}
	v := *r.set.Versions
	if old := len(v.Log) - maxVersions; old > 0 {
		v.Base, v.Log = v.Log[old-1].Version, v.Log[old:]
	}
	v.Log = slices.Clone(v.Log)
	before, done := len(v.Log), map[wire.Addr]affiliation{}
	for _, c := range changes {
		was, again := done[c.Addr]
		if !again {
			was = r.listed(c.Addr)
		}
		is, _ := parseAffiliation(c.Value)
		done[c.Addr] = is
		if is != was {
			v.Log = append(v.Log, versioned{Version: wire.NewID(), Addr: c.Addr, Was: was, Is: is})
			v.Sum += weigh(c.Addr, is) - weigh(c.Addr, was)
		}
	}
	v.fresh = len(v.Log) - before
	return &v
}

// listed is what the lists say of an address itself.
func (r *room) listed(addr wire.Addr) affiliation {
	v, ok := parseAffiliation(r.affiliations[addr].Value)
	if !ok {
		return unaffiliated
	}
	return v
}

// checkVersions drops the versions of lists that are others than when the room was last stored.
func (r *room) checkVersions() {
	if v := r.set.Versions; v != nil && v.Sum != r.newVersions().Sum {
		r.set.Versions = nil
		_ = r.save(r.set) // logged
	}
}

// forgetVersions drops the log of lists that an account, bare, was taken out of, so that it is not kept there. It returns the
// step to tell, nil if there is none: was is what the lists said.
func (r *room) forgetVersions(account wire.Addr, was affiliation) *step {
	v := r.set.Versions
	if v == nil || was == unaffiliated && !slices.ContainsFunc(v.Log, func(c versioned) bool { return c.Addr == account }) {
		return nil
	}
	r.set.Versions = r.newVersions()
	if r.stored {
		_ = r.save(r.set) // logged; what is stored does not fit the lists then, and goes when the room is next read
	}
	return &step{since: v.current(), until: r.set.Versions.Base, addr: account, is: unaffiliated}
}

// stepOf returns the step that the last request made for an address, nil if it made none.
func (r *room) stepOf(addr wire.Addr) *step {
	v := r.set.Versions
	if v == nil {
		return nil
	}
	for i := len(v.Log) - 1; i >= len(v.Log)-v.fresh; i-- {
		if c := v.Log[i]; c.Addr == addr {
			st := &step{since: v.Base, until: c.Version, addr: addr, is: c.Is}
			if i > 0 {
				st.since = v.Log[i-1].Version
			}
			return st
		}
	}
	return nil
}
