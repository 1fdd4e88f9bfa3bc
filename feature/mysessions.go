package feature

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

const nodeSessions = "https://salon.im/commands#sessions"

// MySessions lets a user see where the account is logged in, and end other sessions: those of a device that was lost.
func MySessions(r *router.Router, c *Commands) {
	m := mySessions{r}
	c.all = append(c.all, command{
		node: nodeSessions, name: "Sessions of this account", target: router.ToOwn,
		allowed: func(*call) bool { return true },
		stages:  []stage{{form: m.choose, check: m.check}, {form: m.confirm}},
		run:     m.end,
	})
}

type mySessions struct{ r *router.Router }

// choose lists the sessions but the one that asks.
func (m mySessions) choose(_ context.Context, c *call) (wire.Payload, error) {
	var options []wire.Option
	for _, res := range m.r.Resources(c.from.Bare()) {
		if res.Addr() == c.from {
			continue
		}
		label := res.Addr().Resource()
		if res.Presence() == nil {
			label += " (not available)"
		}
		options = append(options, wire.Option{Label: label, Value: res.Addr().Resource()})
	}
	slices.SortFunc(options, func(x, y wire.Option) int { return cmp.Compare(x.Value, y.Value) })
	return wire.NewFormWriter("form", "").Title("Sessions of this account").
		Instructions("You are here as "+c.from.Resource()+". Choose the other sessions that are to end.").
		ListMulti("sessions", "Sessions to end", nil, options...).Payload(), nil
}

func (m mySessions) check(c *call) error {
	if len(c.values.Values("sessions")) == 0 {
		return errBadPayload
	}
	return nil
}

func (m mySessions) confirm(_ context.Context, c *call) (wire.Payload, error) {
	f := wire.NewFormWriter("form", "").Title("End these sessions?")
	for _, s := range c.values.Values("sessions") {
		f.Fixed(s)
	}
	return f.Fixed("Whoever knows the password can log in again: change it, too, if a device was lost.").Payload(), nil
}

func (m mySessions) end(_ context.Context, c *call) (outcome, error) {
	n := 0
	for _, res := range m.r.Resources(c.from.Bare()) {
		if res.Addr() != c.from && slices.Contains(c.values.Values("sessions"), res.Addr().Resource()) {
			res.Close(streamError("policy-violation", "another session of the account ended this one"))
			n++
		}
	}
	return outcome{note: strconv.Itoa(n) + " sessions ended."}, nil
}
