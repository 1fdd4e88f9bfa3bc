package muc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// AdminPlaces is adminPlaces.
const AdminPlaces = adminPlaces

// ChangeRole asks the privilege table: may an actor of that affiliation and role give an occupant another role? It
// returns "" or the condition of the refusal.
func ChangeRole(rank, role, is, isRole, want string) string {
	by := actor{nick: "by"}
	by.rank, _ = parseAffiliation(rank)
	by.role, _ = parseRole(role)
	o := &occupant{nick: "target"}
	o.affiliation, _ = parseAffiliation(is)
	o.role, _ = parseRole(isRole)
	w, _ := parseRole(want)
	return condition(mayChangeRole(by, o, w))
}

// ChangeAffiliation asks the other table.
func ChangeAffiliation(rank, is, want string) string {
	by := actor{full: wire.MustAddr("by@example.test/x")}
	by.rank, _ = parseAffiliation(rank)
	i, _ := parseAffiliation(is)
	w, _ := parseAffiliation(want)
	return condition(mayChangeAffiliation(by, wire.MustAddr("target@example.test"), i, w))
}

// ChangeOwnRole is ChangeRole for an actor who is the target.
func ChangeOwnRole(affiliation, role, want string) string {
	by := actor{nick: "by"}
	by.rank, _ = parseAffiliation(affiliation)
	by.role, _ = parseRole(role)
	w, _ := parseRole(want)
	return condition(mayChangeRole(by, &occupant{nick: "by", affiliation: by.rank, role: by.role}, w))
}

// BanOneself is ChangeAffiliation for an actor who is the target.
func BanOneself(rank string) string {
	by := actor{full: wire.MustAddr("by@example.test/x")}
	by.rank, _ = parseAffiliation(rank)
	return condition(mayChangeAffiliation(by, by.full.Bare(), by.rank, outcast))
}

var rolePrivilegeNames = map[string]rolePrivilege{"talk": privilegeTalk, "subject": privilegeSubject, "kick": privilegeKick,
	"grant voice": privilegeGrantVoice, "revoke voice": privilegeRevokeVoice, "real addresses": privilegeRealAddresses}

var affiliationPrivilegeNames = map[string]affiliationPrivilege{"enter": privilegeEnter, "member list": privilegeMemberList,
	"enter members-only": privilegeEnterMembersOnly, "ban": privilegeBan, "edit members": privilegeEditMembers,
	"moderators": privilegeModerators, "edit admins": privilegeEditAdmins, "edit owners": privilegeEditOwners,
	"configure": privilegeConfigure, "destroy": privilegeDestroy}

// RoleMay and AffiliationMay ask the privilege tables by the names above; of a name that is not there, nobody may.
func RoleMay(privilege, of string) bool {
	p, ok := rolePrivilegeNames[privilege]
	ro, known := parseRole(of)
	return ok && known && ro.may(p)
}

// AffiliationMay is RoleMay of affiliations.
func AffiliationMay(privilege, of string) bool {
	p, ok := affiliationPrivilegeNames[privilege]
	a, known := parseAffiliation(of)
	return ok && known && a.may(p)
}

// Privileges counts the rows of the tables.
func Privileges(ofRoles bool) int {
	if ofRoles {
		return len(rolePrivileges)
	}
	return len(affiliationPrivileges)
}

// InitialRole is the role of who enters.
func InitialRole(moderated bool, of string) string {
	a, _ := parseAffiliation(of)
	return (&room{set: settings{Moderated: moderated}}).initialRole(a).String()
}

func condition(err error) string {
	var e stanza.Error
	if errors.As(err, &e) {
		return string(e.Condition)
	}
	return ""
}

// MailboxEvents is the bound of a mailbox.
const MailboxEvents = mailboxEvents

// Bounds for tests.
const (
	MaxNickBytes     = maxNickBytes
	MaxSubject       = maxSubject
	MaxReason        = maxReason
	MaxAffiliations  = maxAffiliations
	MaxRelays        = maxRelays
	MaxRelaysOfAsker = maxRelaysOfAsker
	HistoryBytes     = historyBytes
	MaxTombs         = maxTombs
	MaxVoices        = maxVoices
	MaxTombVenue     = maxTombVenue
)

// SpentAfter returns how many sessions are remembered after n have left.
func SpentAfter(n int) int {
	var p spent
	for i := range n {
		p.keep(wire.MustAddr(fmt.Sprintf("u%d@example.test/r", i)), bucket{at: time.Unix(1, 0)})
	}
	return len(p.buckets)
}

// Bounds of the requests to archives.
const (
	MaxAskers = maxAskers
	MaxAsking = maxAsking
)

// TurnsTaken returns how many requests are taken of so many askers with so many each, while none is answered.
func TurnsTaken(askers, each int) (taken int) {
	wait := make(chan struct{})
	s := &Service{turns: turns{}}
	defer s.running.Wait()
	defer close(wait)
	for i := range askers {
		for range each {
			if s.take(wire.MustAddr(fmt.Sprintf("u%d@example.test/r", i)), func(context.Context) { <-wait }) {
				taken++
			}
		}
	}
	return taken
}

// SlowMode has n accounts speak in slow mode. It returns how many the room remembers, and whether the last one must wait.
func SlowMode(n int, every time.Duration) (kept int, waits bool) {
	var s slow
	now := time.Unix(1_800_000_000, 0)
	var last wire.Addr
	for i := range n {
		last = wire.MustAddr(fmt.Sprintf("u%d@example.test", i))
		s.wait(last, now, every, nil)
	}
	return len(s.last), s.wait(last, now, every, nil) > 0
}

// MaxWaiting is the bound of what slow mode remembers.
const MaxWaiting = maxWaiting

// Activity counts a message in each of n rooms. It returns how many rooms are counted then, and whether an hour later the first
// one's rate is known.
func Activity(n int) (counted int, known bool) {
	now := time.Unix(1_800_000_000, 0)
	a := activity{since: now.Add(-10 * time.Hour)}
	room := func(i int) wire.Addr { return wire.MustAddr(fmt.Sprintf("r%d@example.test", i)) }
	for i := range n {
		a.add(room(i), now)
	}
	_, known = a.rate(room(0), time.Time{}, now.Add(time.Hour))
	return len(a.rooms), known
}

// MaxActive is the bound of the rooms that are counted.
const MaxActive = maxActive

// Directory remembers n rooms with that description. It returns the bytes that are counted, and whether the last one is there.
func Directory(n int, description string) (bytes int, newest bool) {
	var d directory
	room := func(i int) wire.Addr { return wire.MustAddr(fmt.Sprintf("r%d@example.test", i)) }
	for i := range n {
		d.put(room(i), listing{description: description}, true)
		d.put(room(i), listing{}, false)
	}
	l, ok := d.get(room(n - 1))
	sum := 0
	for _, l := range d.rooms {
		sum += l.size()
	}
	if sum != d.bytes {
		panic("the directory counts wrongly")
	}
	return d.bytes, ok && l.description == description
}

// The bounds of searches.
const (
	MaxDirectory = maxDirectory
	MaxSearches  = maxSearches
)

// Looks returns what a nick is compared by.
func Looks(nick string) []string { l := looksOf(nick); return l[:] }

// Alike reports whether two nicks look alike.
func Alike(a, b string) bool { return looksOf(a).like(looksOf(b)) }

// MaxRates is the bound of the accounts whose joins are counted.
const MaxRates = maxRates

// Rates has n accounts enter a room once, which is what they may. It returns how many are remembered, and whether the last one may
// not enter again.
func Rates(n int) (kept int, refused bool) {
	var j rates
	now := time.Unix(1_800_000_000, 0)
	var last wire.Addr
	for i := range n {
		last = wire.MustAddr(fmt.Sprintf("u%d@example.test", i))
		j.take(last, now, 1, 1)
	}
	return len(j.buckets), !j.take(last, now, 1, 1)
}

// Late returns of how many occupants of a room the others have not seen the last presence.
func (s *Service) Late(ctx context.Context, addr wire.Addr) (n int, err error) {
	err = s.operate(ctx, addr, func(r *room) error {
		n = len(r.late)
		return nil
	})
	return n, err
}
