package feature

import (
	"context"
	"encoding/xml"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

const nsCommands = "http://jabber.org/protocol/commands"

// command is an ad-hoc command. It completes at once, or after a form for each stage.
type command struct {
	node, name string
	target     router.Target // ToServer, or ToOwn for commands of an account
	allowed    func(c *call) bool
	stages     []stage
	// run does it. An error that is a stanza.Error goes to the sender and leaves the execution where it is.
	run func(ctx context.Context, c *call) (outcome, error)
}

// stage is one form of a command.
type stage struct {
	form func(ctx context.Context, c *call) (wire.Payload, error)
	// check refuses what was filled in; nil takes everything.
	check func(c *call) error
}

// call is one execution. Its fields belong to the flow that handles its request.
type call struct {
	from   wire.Addr // full
	host   string    // of the server or the account that was asked
	values wire.Form // all forms so far, the newest value first
	stage  int
}

// outcome is what a completed command shows: a form, and a note.
type outcome struct {
	form   wire.Payload
	note   string
	failed bool // the note is an error (XEP-0050 §3.5)
}

// Commands runs ad-hoc commands (XEP-0050). Features add theirs before Serve.
type Commands struct {
	all        []command
	executions *executions
}

// AdHoc offers ad-hoc commands of the server and of accounts. now is time.Now in service.
func AdHoc(r *router.Router, d *Discovery, now func() time.Time) *Commands {
	c := &Commands{executions: newExecutions(now)}
	x := router.XEP{Num: 50, Version: "1.3.0", Status: "complete"}
	r.Advertise(router.OnServer, x, nsCommands)
	r.Advertise(router.OnAccount, x, nsCommands)
	r.Advertise(router.OnServer, router.XEP{Num: 4, Version: "2.13.2", Status: "complete"})
	r.HandleIQ(router.ToServer, "set", xml.Name{Space: nsCommands, Local: "command"}, c.handler(router.ToServer))
	r.HandleIQ(router.ToOwn, "set", xml.Name{Space: nsCommands, Local: "command"}, c.handler(router.ToOwn))
	d.nodes = append(d.nodes, c.node(router.ToServer, router.ToServer), c.node(router.ToAccount, router.ToOwn))
	return c
}

func newCall(st wire.Stanza) *call {
	return &call{from: st.From(), host: account(st).Domain()}
}

// find returns the command of a node, nil if there is none.
func (c *Commands) find(t router.Target, node string) *command {
	for i := range c.all {
		if cmd := &c.all[i]; cmd.node == node && cmd.target == t {
			return cmd
		}
	}
	return nil
}

// node shows the list of commands and each command in service discovery (§2.2, §2.3), to those who may run them.
func (c *Commands) node(disco, t router.Target) node {
	mine := func(st wire.Stanza) bool { return t == router.ToServer || account(st) == st.From().Bare() }
	return node{
		target: disco,
		info: func(_ context.Context, st wire.Stanza, name string) (info, bool, error) {
			if name == nsCommands {
				return info{identities: []identity{{Identity: router.Identity{Category: "automation", Type: "command-list", Name: "Commands"}}},
					features: []string{nsCommands}}, true, nil
			}
			if !mine(st) {
				return info{}, false, nil
			}
			cmd := c.find(t, name)
			switch {
			case cmd == nil:
				return info{}, false, nil
			case !cmd.allowed(newCall(st)):
				return info{}, false, errForbidden // §2.3
			}
			return info{identities: []identity{{Identity: router.Identity{Category: "automation", Type: "command-node", Name: cmd.name}}},
				features: []string{nsCommands, wire.NSForm}}, true, nil
		},
		items: func(_ context.Context, st wire.Stanza, name string) ([]item, bool, error) {
			if name != nsCommands {
				return nil, false, nil
			}
			var items []item
			for _, cmd := range c.all {
				if cmd.target == t && mine(st) && cmd.allowed(newCall(st)) {
					items = append(items, item{addr: responder(st), node: cmd.node, name: cmd.name})
				}
			}
			return items, true, nil
		},
	}
}

// responder is the address that an IQ was sent to; no `to` is the own account.
func responder(st wire.Stanza) wire.Addr {
	if st.To().IsZero() {
		return st.From().Bare()
	}
	return st.To()
}

// Refusals of §4.4.
func badCommand(e stanza.Error, detail string) error {
	return router.DetailedError{Stanza: e, Detail: wire.NewWriter().Elem(nsCommands, detail, "").Payload()}
}

var (
	errBadAction       = badCommand(stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest}, "bad-action")
	errMalformedAction = badCommand(stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest}, "malformed-action")
	errBadSession      = badCommand(stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest}, "bad-sessionid")
	errBadPayload      = badCommand(stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest}, "bad-payload")
	errExpired         = badCommand(stanza.Error{Type: stanza.Cancel, Condition: stanza.NotAllowed}, "session-expired")
)

// handler answers a command element (§2.4, §3). What was filled in may be a password: no refusal repeats it.
func (c *Commands) handler(t router.Target) router.IQHandler {
	return func(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
		k, _ := st.Kid(nsCommands, "command")
		p, err := c.execute(ctx, t, st, k)
		if err != nil {
			err = router.Quiet{Err: err}
		}
		return p, err
	}
}

func (c *Commands) execute(ctx context.Context, t router.Target, st wire.Stanza, k wire.Kid) (wire.Payload, error) {
	node, action, id := k.Attr("node"), k.Attr("action"), k.Attr("sessionid")
	cmd := c.find(t, node)
	switch {
	case cmd == nil:
		return nil, errNotFound // §4.4
	case !cmd.allowed(newCall(st)):
		return nil, errForbidden
	}
	switch action {
	case "", "execute", "next", "prev", "complete", "cancel":
	default:
		return nil, errMalformedAction
	}
	if id == "" {
		if action != "" && action != "execute" {
			return nil, errBadAction
		}
		return c.start(ctx, cmd, newCall(st))
	}
	who, err := c.executions.take(id, node, st.From())
	if err != nil {
		return nil, err
	}
	p, over, err := c.step(ctx, cmd, who, id, action, k)
	c.executions.put(id, who, over)
	return p, err
}

// start begins an execution, and completes a command without forms.
func (c *Commands) start(ctx context.Context, cmd *command, who *call) (wire.Payload, error) {
	if len(cmd.stages) == 0 {
		out, err := cmd.run(ctx, who)
		if err != nil {
			return nil, err
		}
		return completed(cmd, wire.NewID(), out), nil
	}
	form, err := cmd.stages[0].form(ctx, who)
	if err != nil {
		return nil, err
	}
	id, err := c.executions.add(cmd.node, who)
	if err != nil {
		return nil, err
	}
	return executing(cmd, id, 0, form), nil
}

// step takes an execution one action on; over says that it has ended.
func (c *Commands) step(ctx context.Context, cmd *command, who *call, id, action string, k wire.Kid) (p wire.Payload, over bool, err error) {
	last := who.stage == len(cmd.stages)-1
	switch {
	case action == "cancel":
		return commandElem(cmd, id, "canceled").Payload(), true, nil
	case action == "prev" && who.stage == 0, action == "next" && last, action == "complete" && !last:
		return nil, false, errBadAction
	case action == "prev":
		form, err := cmd.stages[who.stage-1].form(ctx, who)
		if err != nil {
			return nil, false, err
		}
		who.stage--
		return executing(cmd, id, who.stage, form), false, nil
	}
	if err := who.fill(cmd, k); err != nil {
		return nil, false, err
	}
	if !last {
		form, err := cmd.stages[who.stage+1].form(ctx, who)
		if err != nil {
			return nil, false, err
		}
		who.stage++
		return executing(cmd, id, who.stage, form), false, nil
	}
	out, err := cmd.run(ctx, who)
	if err != nil {
		return nil, false, err
	}
	return completed(cmd, id, out), true, nil
}

// fill takes the form of the stage.
func (c *call) fill(cmd *command, k wire.Kid) error {
	x, ok := k.Kid(wire.NSForm, "x")
	if !ok {
		return errBadPayload
	}
	f, err := wire.ReadForm(x)
	if err != nil {
		return errBadPayload
	}
	before := c.values
	fields := f.Fields
	for _, old := range before.Fields {
		if !f.Has(old.Var) {
			fields = append(fields, old)
		}
	}
	c.values.Fields = fields
	if check := cmd.stages[c.stage].check; check != nil {
		if err := check(c); err != nil {
			c.values = before
			return err
		}
	}
	return nil
}

func commandElem(cmd *command, id, status string) *wire.Writer {
	return wire.NewWriter().Start(nsCommands, "command").Attr("node", cmd.node).Attr("sessionid", id).Attr("status", status).Attr("xml:lang", "en")
}

// executing shows a stage, with what may be done there (§3.3).
func executing(cmd *command, id string, stage int, form wire.Payload) wire.Payload {
	forward := "next"
	if stage == len(cmd.stages)-1 {
		forward = "complete"
	}
	w := commandElem(cmd, id, "executing").Start("", "actions").Attr("execute", forward)
	if stage > 0 {
		w.Elem("", "prev", "")
	}
	return w.Elem("", forward, "").End().Raw(form).Payload()
}

func completed(cmd *command, id string, out outcome) wire.Payload {
	w := commandElem(cmd, id, "completed")
	if out.note != "" {
		typ := "info"
		if out.failed {
			typ = "error"
		}
		w.Start("", "note").Attr("type", typ).Text(out.note).End()
	}
	return w.Raw(out.form).Payload()
}
