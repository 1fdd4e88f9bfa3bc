package muc

import (
	"strconv"
	"strings"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/config"
	"salon.im/salon/wire"
)

// nsRaid names the command and its form. The fields are our own, named as XEP-0068 §3.4 asks of those that nobody registered.
const (
	nsRaid        = "https://salon.im/muc#raid"
	fieldRaid     = "{https://salon.im/muc}raid"
	fieldRaidWait = "{https://salon.im/muc}raid_wait"
)

// Bounds of a raid mode, what it is for who says nothing, and the value that turns it off.
const (
	minRaid         = config.Keep(time.Minute)
	maxRaid         = config.Keep(24 * time.Hour)
	raidDefault     = "30m"
	raidOff         = "off"
	raidWaitDefault = 10 // seconds
)

// raidFacet keeps newcomers without an affiliation out for a time, and slows those who are in. It ends by itself. Who is in
// stays in; who leaves meanwhile comes back when it is over.
var raidFacet = facet{
	form: func(f *wire.FormWriter, r *room) { r.raidForm(f, raidOff) },
	read: func(f wire.Form, r *room, set *settings) error { return set.readRaid(f, r.now(), "") },
	info: func(f *wire.FormWriter, r *room) {
		if r.raided() {
			f.TextSingle("{https://salon.im/muc}raid_until", "Newcomers are kept out until", r.set.RaidUntil.Format(time.RFC3339))
		}
	},
	join: func(r *room, j *joining) error {
		if !r.raided() || j.affiliation.may(privilegeEnterMembersOnly) || r.s.isAdmin(j.bare) {
			return nil
		}
		if o := r.occupants[j.nick]; o != nil && o.bare == j.bare {
			return nil // somebody who is here, or one more session of theirs
		}
		// The room is members-only for a time (XEP-0045 §7.2.6).
		return refusal(stanza.Auth, stanza.RegistrationRequired, "This room takes no newcomers until "+minute(r.set.RaidUntil)+".")
	},
}

// raidSwitch is raid mode as a command (XEP-0050), for admins too. Of a form without the field it makes the usual duration.
var raidSwitch = command{node: nsRaid, name: "Raid mode: keep newcomers out for a time",
	allowed: func(r *room, full wire.Addr) bool { return r.rank(full.Bare()).may(privilegeBan) },
	form: func(r *room) wire.Payload {
		f := wire.NewFormWriter("form", nsRaid).Title("Raid mode").
			Instructions("Nobody without an affiliation can enter until it is over, and those inside talk slowly.")
		r.raidForm(f, raidDefault)
		return f.Payload()
	},
	run: func(r *room, form wire.Form) (wire.Payload, func(), error) {
		set := r.set
		if err := set.readRaid(form, r.now(), raidDefault); err != nil {
			return nil, nil, errCommand("bad-payload", "Raid mode takes off or a duration from 1m to 1d, and a wait from 1 to "+strconv.Itoa(maxSlowMode)+" seconds.")
		}
		was := r.set
		if err := r.putSettings(set); err != nil {
			return nil, nil, err
		}
		r.slowed()
		note := wire.NewWriter().Start(nsCommands, "note").Attr("type", "info").Text("Raid mode is " + r.raidState() + ".").End()
		return note.Payload(), func() {
			if r.state == open {
				r.tellConfig(&was)
			}
		}, nil
	},
}

// raidForm adds the fields. value is what is proposed while it is off. While it is on that is its end, which leaves it as it is:
// a form that was fetched for something else, and comes back late, does not begin anew what is over.
func (r *room) raidForm(f *wire.FormWriter, value string) {
	options := []wire.Option{{Label: raidOff, Value: raidOff}}
	for _, o := range []wire.Option{{Label: "10 minutes", Value: "10m"}, {Label: "30 minutes", Value: raidDefault}, {Label: "1 hour", Value: "1h"},
		{Label: "3 hours", Value: "3h"}, {Label: "12 hours", Value: "12h"}, {Label: "1 day", Value: "1d"}} {
		options = append(options, wire.Option{Label: "for " + o.Label, Value: o.Value})
	}
	if r.raided() {
		value = r.set.RaidUntil.Format(time.RFC3339)
		options = append(options, wire.Option{Label: r.raidState(), Value: value})
	}
	f.ListSingle(fieldRaid, "Raid mode: nobody new without an affiliation", value, options...)
	f.Integer(fieldRaidWait, "Raid mode: seconds that those without an affiliation wait between two messages", int(r.set.raidWait()), 1, maxSlowMode)
}

// readRaid takes the fields out of a form that was submitted now. absent is the value of one that says nothing of raid mode; ""
// leaves it as it is.
func (s *settings) readRaid(f wire.Form, now time.Time, absent string) error {
	if f.Has(fieldRaidWait) {
		n, err := strconv.ParseUint(strings.TrimSpace(f.Value(fieldRaidWait)), 10, 32)
		if err != nil || n < 1 || n > maxSlowMode {
			return badField(fieldRaidWait)
		}
		if uint32(n) != s.raidWait() { // the usual, as the form shows it, is no change
			s.RaidWait = uint32(n)
		}
	}
	v := absent
	if f.Has(fieldRaid) {
		v = strings.TrimSpace(f.Value(fieldRaid))
	}
	if _, err := time.Parse(time.RFC3339, v); err == nil || v == "" {
		return nil
	}
	if v == raidOff {
		s.RaidUntil = time.Time{}
		return nil
	}
	d, err := config.ParseKeep(v)
	if err != nil || d < minRaid || d > maxRaid {
		return badField(fieldRaid)
	}
	s.RaidUntil = now.Add(time.Duration(d))
	return nil
}

func (s *settings) raidWait() uint32 {
	if s.RaidWait == 0 {
		return raidWaitDefault
	}
	return s.RaidWait
}

func (r *room) raidState() string {
	if !r.raided() {
		return raidOff
	}
	return "on until " + minute(r.set.RaidUntil)
}

// minute is a time for people, not before t.
func minute(t time.Time) string {
	return t.Add(time.Minute - 1).Truncate(time.Minute).Format("2006-01-02 15:04 UTC")
}

// raided reports whether raid mode is on.
func (r *room) raided() bool { return r.raidLeft() > 0 }

// raidLeft is how long raid mode is still on; 0 is off.
func (r *room) raidLeft() time.Duration {
	if r.set.RaidUntil.IsZero() {
		return 0
	}
	return max(0, r.set.RaidUntil.Sub(r.now()))
}

// endRaid ends raid mode when its time is over, and tells everyone of it. The record keeps a time that is past, and means nothing.
func (r *room) endRaid() {
	if r.set.RaidUntil.IsZero() || r.raided() {
		return
	}
	was := r.set
	r.set.RaidUntil = time.Time{}
	r.slowed()
	if r.state == open {
		r.tellConfig(&was)
	}
}
