package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

const nsCommands = "http://jabber.org/protocol/commands"

// command is an ad-hoc command of a room (XEP-0050). It completes at once or after one form, and keeps nothing in between: a
// submitted form says all, so that there are no executions to bound, and a client that knows the fields may send them at once.
type command struct {
	node, name string
	allowed    func(r *room, full wire.Addr) bool
	form       func(r *room) wire.Payload // nil: none
	// run does it. then, which may be nil, tells everyone after the answer.
	run func(r *room, form wire.Form) (result wire.Payload, then func(), err error)
}

// commands lists the commands of rooms, as service discovery shows them.
var commands = []command{hatCreate, hatDestroy, hatList, hatAssign, hatUnassign, hatListAssigned, raidSwitch}

func advertiseCommands(r *router.Router) {
	r.Advertise(router.OnRoom, router.XEP{Num: 50, Version: "1.3.0", Status: "complete"}, nsCommands)
}

// errCommand refuses a request as XEP-0050 §4.4 says.
func errCommand(detail, text string) error {
	return router.DetailedError{Stanza: refusal(stanza.Modify, stanza.BadRequest, text),
		Detail: wire.NewWriter().Elem(nsCommands, detail, "").Payload()}
}

func findCommand(node string) *command {
	for i := range commands {
		if commands[i].node == node {
			return &commands[i]
		}
	}
	return nil
}

// execute answers a command element (XEP-0050 §3).
func (r *room) execute(st wire.Stanza, k wire.Kid) (wire.Payload, error) {
	c := findCommand(k.Attr("node"))
	switch {
	case r.unborn(st.From()):
		return nil, errNoRoom
	case c == nil:
		return nil, errNoNode // §4.4
	case !c.allowed(r, st.From()):
		return nil, errForbidden
	}
	id := k.Attr("sessionid")
	if id == "" {
		id = wire.NewID()
	}
	switch k.Attr("action") {
	case "", "execute", "next", "complete":
	case "cancel":
		return c.answer(id, "canceled").Payload(), nil
	case "prev":
		return nil, errCommand("bad-action", "There is no form before this one.")
	default:
		return nil, errCommand("malformed-action", "")
	}
	var form wire.Form
	if c.form != nil {
		x, ok := k.Kid(wire.NSForm, "x")
		if !ok {
			w := c.answer(id, "executing").Start("", "actions").Attr("execute", "complete").Elem("", "complete", "").End()
			return w.Raw(c.form(r)).Payload(), nil
		}
		var err error
		if form, err = wire.ReadForm(x); err != nil || form.Type != "submit" {
			return nil, errCommand("bad-payload", "The form is none that was submitted.")
		}
	}
	result, then, err := c.run(r, form)
	if err != nil {
		return nil, err
	}
	r.send(st.Result(c.answer(id, "completed").Raw(result).Payload()))
	if then != nil {
		then()
	}
	return nil, errAnswered
}

func (c *command) answer(id, status string) *wire.Writer {
	return wire.NewWriter().Start(nsCommands, "command").Attr("node", c.node).Attr("sessionid", id).Attr("status", status)
}

// commandInfo describes the list of commands, or one of them (XEP-0050 §2.2, §2.3); nil if the node is neither.
func (r *room) commandInfo(full wire.Addr, node string) (wire.Payload, error) {
	w := wire.NewWriter().Start(nsDiscoInfo, "query").Attr("node", node)
	w.Start("", "identity").Attr("category", "automation")
	c := findCommand(node)
	switch {
	case node == nsCommands:
		w.Attr("type", "command-list").Attr("name", "Commands").End()
	case c == nil:
		return nil, errNoNode
	case !c.allowed(r, full):
		return nil, errForbidden
	default:
		w.Attr("type", "command-node").Attr("name", c.name).End()
		w.Start("", "feature").Attr("var", wire.NSForm).End()
	}
	return w.Start("", "feature").Attr("var", nsCommands).End().Payload(), nil
}

// commandItems lists the commands that somebody may run (XEP-0050 §2.2).
func (r *room) commandItems(full wire.Addr) wire.Payload {
	w := wire.NewWriter().Start(nsDiscoItems, "query").Attr("node", nsCommands)
	for i := range commands {
		if c := &commands[i]; c.allowed(r, full) {
			w.Start("", "item").Attr("jid", r.addr.String()).Attr("node", c.node).Attr("name", c.name).End()
		}
	}
	return w.Payload()
}
