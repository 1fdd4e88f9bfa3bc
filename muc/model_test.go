package muc_test

import (
	"encoding/xml"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// modelRoot administers the service, and is nobody inside.
const modelRoot = "root@" + host

var (
	modelPeople = []string{"anna", "ben", "carl", "dora", "eve"} // each with two sessions
	modelAbsent = "fred@" + host                                 // never enters
	modelNicks  = []string{"A", "B", "C", "D", "E", "F"}
)

// TestModel runs random schedules against the room and against a model of it (model_room_test.go). What each session is sent
// for each request must agree, and the lists behind it. A schedule is named by its seed: -run 'TestModel/seed_7$' repeats it.
func TestModel(t *testing.T) {
	seeds, steps := 8, 250
	if os.Getenv("SALON_LONG") != "" {
		seeds, steps = 200, 400
	}
	seen := map[string]int{}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { newSchedule(t, uint64(seed), seen).run(steps) })
	}
	if t.Failed() {
		return
	}
	for _, what := range []string{"100", "101", "110", "170", "301", "303", "307", "321", "333", "message", "subject", "result", "actor", "reason",
		"auth/forbidden", "auth/registration-required", "cancel/conflict", "cancel/item-not-found", "cancel/not-allowed", "modify/not-acceptable"} {
		if seen[what] == 0 {
			t.Errorf("no schedule brought about %s", what)
		}
	}
}

// schedule is a room, its model, and chance.
type schedule struct {
	t      *testing.T
	w      *world
	m      *roomModel
	rand   *rand.Rand
	root   *person
	people map[string]*person // by full address
	fulls  []string           // of them
	seen   map[string]int     // what has happened so far in all schedules
	said   int
}

func newSchedule(t *testing.T, seed uint64, seen map[string]int) *schedule {
	s := &schedule{t: t, rand: rand.New(rand.NewPCG(seed, 0)), people: map[string]*person{}, seen: seen}
	s.w = newWorld(t, func(w *world) { w.cfg.Admins = []string{modelRoot} })
	for _, who := range modelPeople {
		for _, resource := range []string{"desk", "phone"} {
			p := s.w.dial(who + "/" + resource)
			s.people[p.addr.String()] = p
		}
	}
	s.fulls = slices.Sorted(maps.Keys(s.people))
	s.root = s.w.dial("root")
	anna := s.fulls[0]
	s.m = &roomModel{moderated: s.flip(), membersOnly: s.rand.IntN(3) == 0, nonAnonymous: s.flip(), changeSubject: s.flip(),
		affiliations: map[string]string{bareOf(anna): "owner"}, voices: map[string]bool{}, occupants: map[string]*modelOccupant{}, sessions: map[string]*modelOccupant{},
		subject: heard{kind: "subject", typ: "groupchat"}, sent: map[string][]heard{}}
	s.people[anna].instant("A")
	whois := "moderators"
	if s.m.nonAnonymous {
		whois = "anyone"
	}
	s.people[anna].configure("persistentroom=1", "whois="+whois, fmt.Sprint("moderatedroom=", s.m.moderated),
		fmt.Sprint("membersonly=", s.m.membersOnly), fmt.Sprint("changesubject=", s.m.changeSubject))
	s.m.enter(anna, "A", "")
	clear(s.m.sent) // how a room begins is for other tests
	return s
}

func (s *schedule) flip() bool { return s.rand.IntN(2) == 0 }

func pick[T any](s *schedule, from ...T) T { return from[s.rand.IntN(len(from))] }

// run takes so many steps, each of which settles before the next.
func (s *schedule) run(steps int) {
	for i := range steps {
		actor, what := s.step()
		got := map[string][]heard{actor: s.read(actor)} // once the actor's ping is back, the room has sent all
		for _, full := range append(s.fulls, s.root.addr.String()) {
			got[full] = append(got[full], s.read(full)...)
			if want, got := settle(s.m.sent[full]), settle(got[full]); !slices.Equal(want, got) {
				s.t.Fatalf("step %d, %s: %s\n%s is sent\n\t%s\nand not\n\t%s", i, actor, what, full, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
			s.note(s.m.sent[full])
		}
		clear(s.m.sent)
		if want, got := s.m.roster(), s.roster(); !slices.Equal(want, got) {
			s.t.Fatalf("step %d, %s: %s\nthe lists are\n\t%s\nand not\n\t%s", i, actor, what, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
	}
}

// settle returns what a session was sent as text. The presences of others come in no order that the standard knows.
func settle(sent []heard) []string {
	var out []string
	others := 0
	for _, h := range sent {
		if h.kind == "presence" && h.typ == "" && !slices.Contains(h.codes, 110) {
			others++
		} else {
			others = 0
		}
		out = append(out, h.String())
		slices.Sort(out[len(out)-others:])
	}
	return out
}

func (s *schedule) note(sent []heard) {
	for _, h := range sent {
		s.seen[h.kind]++
		s.seen[h.typ]++
		s.seen[h.refusal]++
		for _, c := range h.codes {
			s.seen[fmt.Sprint(c)]++
		}
		if h.actor != "" {
			s.seen["actor"]++
		}
		if h.reason != "" {
			s.seen["reason"]++
		}
	}
}

// step has somebody do something, and the model too.
func (s *schedule) step() (actor, what string) {
	full, nick, show := pick(s, s.fulls...), pick(s, modelNicks...), pick(s, "", "away", "xa")
	inside := slices.Sorted(maps.Keys(s.m.sessions))
	if len(inside) > 0 && s.rand.IntN(4) > 0 {
		full = pick(s, inside...)
	}
	s.said++
	to := "to='" + roomJID + "/" + nick + "'>"
	if show != "" {
		what = "<show>" + show + "</show>"
	}
	switch n := s.rand.IntN(100); {
	case n < 22:
		full = pick(s, s.fulls...)
		what = "<presence " + to + what + "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>"
		s.m.enter(full, nick, show)
	case n < 35:
		what = "<presence " + to + what + "</presence>"
		s.m.update(full, nick, show)
	case n < 42:
		what = "<presence type='unavailable' " + to + "</presence>"
		s.m.leave(full)
	case n < 54:
		what = fmt.Sprintf("<message type='groupchat' to='%s'><body>said %d</body></message>", roomJID, s.said)
		s.m.talk(full, fmt.Sprint("said ", s.said))
	case n < 62:
		what = fmt.Sprintf("<message type='groupchat' to='%s'><subject>about %d</subject></message>", roomJID, s.said)
		s.m.entitle(full, fmt.Sprint("about ", s.said))
	default:
		return s.request(nick)
	}
	s.people[full].say(what)
	return full, what
}

// request asks for another role or affiliation, mostly by somebody who might.
func (s *schedule) request(nick string) (actor, what string) {
	may := []string{s.root.addr.String()}
	for _, full := range s.fulls {
		if o := s.m.sessions[full]; o != nil && o.role == "moderator" || above(s.m.affiliation(bareOf(full)), "member") {
			may = append(may, full)
		}
	}
	full := pick(s, may...)
	if s.rand.IntN(4) == 0 {
		full = pick(s, s.fulls...)
	}
	reason, child := pick(s, "", "because"), ""
	if reason != "" {
		child = "<reason>" + reason + "</reason>"
	}
	item := ""
	if s.flip() {
		role := pick(s, modelRoles...)
		item = fmt.Sprintf("<item nick='%s' role='%s'>", nick, role)
		s.m.setRole(full, nick, role, reason)
	} else {
		bare := pick(s, append(s.fulls, modelAbsent)...)
		bare = bareOf(bare)
		affiliation := pick(s, "none", "none", "member", "member", "admin", "owner", "outcast")
		item = fmt.Sprintf("<item jid='%s' affiliation='%s'>", bare, affiliation)
		s.m.setAffiliation(full, bare, affiliation, reason)
	}
	what = "<iq type='set' id='a' to='" + roomJID + "'><query xmlns='http://jabber.org/protocol/muc#admin'>" + item + child + "</item></query></iq>"
	s.person(full).say(what)
	return full, what
}

func (s *schedule) person(full string) *person {
	if p := s.people[full]; p != nil {
		return p
	}
	return s.root
}

// read returns what a session was sent since it was last asked.
func (s *schedule) read(full string) (out []heard) {
	for _, x := range s.person(full).sync() {
		h, to := hear(s.t, x)
		if to != full {
			s.t.Fatalf("%s is sent what is for %s", full, to)
		}
		out = append(out, h.heard)
	}
	return out
}

// roster asks for all lists of the room.
func (s *schedule) roster() (out []string) {
	for _, of := range []string{"affiliation='owner'", "affiliation='admin'", "affiliation='member'", "affiliation='outcast'",
		"role='moderator'", "role='participant'", "role='visitor'"} {
		s.root.say("<iq type='get' id='l' to='" + roomJID + "'><query xmlns='http://jabber.org/protocol/muc#admin'><item " + of + "/></query></iq>")
		for _, x := range s.root.sync() {
			var list struct {
				Items []modelItem `xml:"query>item"`
			}
			if err := xml.Unmarshal([]byte(x), &list); err != nil {
				s.t.Fatal(err)
			}
			for _, it := range list.Items {
				if it.Role == "" {
					out = append(out, it.Affiliation+" "+it.JID)
				} else {
					out = append(out, fmt.Sprint(it.Role, " ", it.Nick, " ", it.Affiliation, " ", it.JID))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

type modelItem struct {
	Affiliation string `xml:"affiliation,attr"`
	Role        string `xml:"role,attr"`
	JID         string `xml:"jid,attr"`
	Nick        string `xml:"nick,attr"`
	Reason      string `xml:"reason"`
	Actor       struct {
		Nick string `xml:"nick,attr"`
	} `xml:"actor"`
}

// came is a stanza that came, with what no model foretells.
type came struct {
	heard
	id string
}

// hear reads a stanza of the room, and whom it is for.
func hear(t *testing.T, x string) (c came, to string) {
	t.Helper()
	var st struct {
		XMLName xml.Name
		From    string    `xml:"from,attr"`
		To      string    `xml:"to,attr"`
		Type    string    `xml:"type,attr"`
		ID      string    `xml:"id,attr"`
		Show    string    `xml:"show"`
		Body    *string   `xml:"body"`
		Subject *string   `xml:"subject"`
		Delay   *struct{} `xml:"urn:xmpp:delay delay"`
		User    struct {
			Items  []modelItem `xml:"item"`
			Status []struct {
				Code int `xml:"code,attr"`
			} `xml:"status"`
		} `xml:"http://jabber.org/protocol/muc#user x"`
		Error struct {
			Type       string                       `xml:"type,attr"`
			Conditions []struct{ XMLName xml.Name } `xml:",any"`
		} `xml:"error"`
	}
	if err := xml.Unmarshal([]byte(x), &st); err != nil {
		t.Fatalf("%v in %s", err, x)
	}
	c.kind, c.typ, c.id = st.XMLName.Local, st.Type, st.ID
	if st.Type == "error" {
		c.refusal = st.Error.Type + "/" + st.Error.Conditions[0].XMLName.Local
		return c, st.To
	}
	if c.kind == "iq" {
		return c, st.To
	}
	_, c.from, _ = strings.Cut(st.From, "/")
	c.show, c.delayed = st.Show, st.Delay != nil
	switch {
	case st.Body != nil:
		c.text = *st.Body
	case st.Subject != nil:
		c.kind, c.text = "subject", *st.Subject
	}
	for _, it := range st.User.Items {
		c.affiliation, c.role, c.jid, c.nick, c.actor, c.reason = it.Affiliation, it.Role, it.JID, it.Nick, it.Actor.Nick, it.Reason
	}
	for _, s := range st.User.Status {
		c.codes = append(c.codes, s.Code)
	}
	return c, st.To
}
