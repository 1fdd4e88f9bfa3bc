package xmpptest

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"salon.im/salon/wire"
)

// blocks says whether a step has a block.
type blocks uint8

const (
	mustNot blocks = iota
	mustHave
	may
)

// verb is what a step can say.
type verb struct {
	form    *regexp.Regexp
	block   blocks
	pattern bool // the block is XML to compare with
	do      func(r *run, st Step, args []string) error
}

var verbs []verb

func init() { // the table's functions look at the table through run
	verbs = []verb{
		{re(`sends:`), mustHave, false, sends},
		{re(`writes (".*")(?: (\d+) times)?`), mustNot, false, writes},
		{re(`receives:`), mustHave, true, func(r *run, st Step, _ []string) error { return r.receive(st, false) }},
		{re(`receives in any order:`), mustHave, true, func(r *run, st Step, _ []string) error { return r.receive(st, true) }},
		{re(`receives in the end:`), mustHave, true, func(r *run, st Step, _ []string) error { return r.receiveInTheEnd(st) }},
		{re(`receives nothing`), mustNot, false, receivesNothing},
		{re(`ignores the rest`), mustNot, false, ignores},
		{re(`connects(?: to ([a-z]+))?`), mustNot, false, connects},
		{re(`disconnects`), mustNot, false, disconnects},
		{re(`cuts`), mustNot, false, cuts},
		{re(`resumes`), mustNot, false, func(r *run, st Step, _ []string) error { return r.clients[st.Who].resume() }},
		{re(`opens the stream(?: to (\S+))?`), mustNot, false, opensStream},
		{re(`secures`), mustNot, false, func(r *run, st Step, _ []string) error { r.clients[st.Who].StartTLS(); return nil }},
		{re(`authenticates with (\S+)`), mustNot, false, func(r *run, st Step, a []string) error {
			c := r.clients[st.Who]
			c.Login(a[0], Password(c.Addr.Bare()))
			return nil
		}},
		{re(`binds (\S+)`), mustNot, false, func(r *run, st Step, a []string) error { r.clients[st.Who].Bind(a[0]); return nil }},
		{re(`creates (\S+) as (.+)`), mustNot, false, creates},
		{re(`opens (\S+@\S+) as (.+)`), may, false, opensRoom},
		{re(`joins (\S+) as (.+)`), mustNot, false, joins},
		{re(`stream ends(?: with: (.+))?`), mustNot, false, streamEnds},
		{re(`restarts`), mustNot, false, restarts},
	}
}

func re(s string) *regexp.Regexp { return regexp.MustCompile("^" + s + "$") }

// verbOf finds what a step says.
func verbOf(st Step) (*verb, []string) {
	for i := range verbs {
		m := verbs[i].form.FindStringSubmatch(st.Text)
		if m != nil && (st.Who == "server") == (st.Text == "restarts") {
			return &verbs[i], m[1:]
		}
	}
	return nil, nil
}

func sends(r *run, st Step, _ []string) error {
	block, err := r.fillRows(strings.TrimSpace(st.Block))
	if err != nil {
		return err
	}
	return r.clients[st.Who].write(r.vars.fill(block))
}

func writes(r *run, st Step, args []string) error {
	text, err := strconv.Unquote(args[0])
	if err != nil {
		return err
	}
	n := 1
	if args[1] != "" {
		n, _ = strconv.Atoi(args[1])
	}
	// The server may close in the middle, which is what such a script is after.
	_ = r.clients[st.Who].write(strings.Repeat(text, n))
	return nil
}

func receivesNothing(r *run, st Step, _ []string) error {
	if err := r.barrier(st.Who); err != nil {
		return err
	}
	c := r.clients[st.Who]
	for _, got := range c.inbox {
		if !quiet(got) {
			return fmt.Errorf("came:\n\t%s", got.AppendStandalone(nil))
		}
	}
	c.inbox = nil
	return nil
}

func ignores(r *run, st Step, _ []string) error {
	err := r.barrier(st.Who)
	r.clients[st.Who].inbox = nil
	return err
}

func connects(r *run, st Step, args []string) error {
	stage := args[0]
	if stage == "" {
		if stage = r.stage[st.Who]; stage == "away" {
			stage = "bound"
		}
	}
	if !contains(stages, stage) {
		return fmt.Errorf("unknown stage %q", stage)
	}
	return r.clients[st.Who].reach(stage)
}

func disconnects(r *run, st Step, _ []string) error {
	c := r.clients[st.Who]
	if err := c.write(`</stream:stream>`); err != nil {
		return err
	}
	condition, err := c.end()
	if err != nil || condition != "" {
		return fmt.Errorf("the stream ended with %q, %v", condition, err)
	}
	return r.s.Gone(c.Addr)
}

// cuts waits until the server has seen the end, unless the session can be resumed: then it makes no difference.
func cuts(r *run, st Step, _ []string) error {
	c := r.clients[st.Who]
	resumable := c.resumeID != ""
	c.Cut()
	if resumable || !c.Addr.IsFull() {
		return nil
	}
	return r.s.Gone(c.Addr)
}

func opensStream(r *run, st Step, args []string) error {
	c := r.clients[st.Who]
	if args[0] == "" {
		args[0] = c.Addr.Domain()
	}
	return c.open(args[0])
}

// creates joins a room that does not exist.
func creates(r *run, st Step, args []string) error {
	c := r.clients[st.Who]
	if err := c.write(string(wire.New(wire.KindPresence, "", "", wire.Addr{}, wire.MustAddr(args[0]+"/"+args[1]), mucX()).Append(nil))); err != nil {
		return err
	}
	return c.untilSubject(args[0])
}

func mucX() wire.Payload {
	return wire.NewWriter().Start("http://jabber.org/protocol/muc", "x").End().Payload()
}

func joins(r *run, st Step, args []string) error { return creates(r, st, args) }

// opensRoom creates a room and submits its form; without a block, an empty one (XEP-0045 §10.1.2).
func opensRoom(r *run, st Step, args []string) error {
	if err := creates(r, st, args); err != nil {
		return err
	}
	f := wire.NewFormWriter("submit", "http://jabber.org/protocol/muc#roomconfig")
	for _, line := range strings.Split(strings.TrimSpace(st.Block), "\n") {
		k, v, ok := strings.Cut(line, " = ")
		if ok {
			f.Field("", strings.TrimSpace(k), "", "", nil, v)
		} else if line != "" {
			return fmt.Errorf("a field is `name = value`, not %q", line)
		}
	}
	c := r.clients[st.Who]
	p := wire.NewWriter().Start("http://jabber.org/protocol/muc#owner", "query").Raw(f.Payload()).End().Payload()
	id := wire.NewID()
	if err := c.write(string(wire.New(wire.KindIQ, "set", id, wire.Addr{}, wire.MustAddr(args[0]), p).Append(nil))); err != nil {
		return err
	}
	for {
		got, err := c.recv()
		if err != nil {
			return err
		}
		if got.Kind() != wire.KindIQ || got.ID() != id {
			continue
		}
		if got.Type() != "result" {
			return fmt.Errorf("the form is refused: %s", got.Append(nil))
		}
		return nil
	}
}

func streamEnds(r *run, st Step, args []string) error {
	condition, err := r.clients[st.Who].end()
	switch {
	case err != nil:
		return err
	case condition != args[0]:
		return fmt.Errorf("it ends with %q", condition)
	}
	return nil
}

func restarts(r *run, st Step, _ []string) error {
	for _, c := range r.clients {
		if c.bound { // everything was handled, so what follows is the shutdown's work
			if err := c.barrier(); err != nil {
				return err
			}
		}
	}
	var err error
	r.s.stopping(func() {
		for name, c := range r.clients {
			if !c.bound {
				c.Cut()
				continue
			}
			condition, e := c.end()
			if e == nil && condition != "system-shutdown" { // RFC 6120 §4.9.3.20
				e = fmt.Errorf("%s's stream ends with %q", name, condition)
			}
			err = errors.Join(err, e)
		}
	})
	r.s.start()
	return err
}

var errStreamEnded = errors.New("the stream ended")
