package killtest_test

import (
	"context"
	"errors"
	"fmt"

	"salon.im/salon/internal/xmpptest/keeper"
	"salon.im/salon/internal/xmpptest/promise"
	"salon.im/salon/wire"
)

const (
	nsArchive = "urn:xmpp:mam:2"
	nsForward = "urn:xmpp:forward:0"
	page      = 250 // messages, the most that there is at a time
)

// reader is a client that reads archives (XEP-0313), and does nothing else: without presence no message comes to it.
type reader struct {
	*keeper.Client
	rows []promise.Row
	read chan error // holds an answer
}

// readAs returns a reader that is connected as a user.
func (w *town) readAs(ctx context.Context, user wire.Addr) (*reader, error) {
	r := &reader{Client: &keeper.Client{Addr: wire.MustAddr(user.String() + "/reader"), Password: "secret", Dial: w.server.dial}, read: make(chan error, 1)}
	r.Receive = r.receive
	if _, err := r.Connect(ctx); err != nil {
		return nil, err
	}
	w.online.Go(func() {
		err := r.Serve()
		select {
		case r.read <- err:
		default:
		}
	})
	return r, nil
}

// history reads one archive, a person's as that person and a room's as one of those who talk there.
func (w *town) history(ctx context.Context, owner wire.Addr, check func(promise.Rows) error) error {
	user := owner
	if owner.String() == lobby {
		user = wire.MustAddr(talkative[0] + "@a.test")
	}
	r, err := w.readAs(ctx, user)
	if err != nil {
		return err
	}
	defer r.Cut(false)
	return check(r.page)
}

// page implements promise.Rows, by RSM (XEP-0059 §2.2).
func (r *reader) page(ctx context.Context, owner wire.Addr, after string) ([]promise.Row, error) {
	if after != "" {
		after = `<after>` + after + `</after>`
	}
	r.rows = nil
	r.Send(keeper.Stanza{XML: fmt.Sprintf(`<iq type="set" id="page" to="%s"><query xmlns="%s"><set xmlns="http://jabber.org/protocol/rsm"><max>%d</max>%s</set></query></iq>`,
		owner, nsArchive, page, after)})
	select {
	case err := <-r.read:
		return r.rows, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// receive takes the messages of a page, and its end.
func (r *reader) receive(st wire.Stanza) {
	if result, ok := st.Kid(nsArchive, "result"); ok {
		forwarded, _ := result.Kid(nsForward, "forwarded")
		message, _ := forwarded.Kid("jabber:client", "message")
		body, _ := message.Kid("", "body")
		r.rows = append(r.rows, promise.Row{ID: result.Attr("id"), Body: body.Text()})
	}
	if st.Kind() != wire.KindIQ || st.ID() != "page" {
		return
	}
	var err error
	if st.Type() != "result" {
		err = errors.New(string(st.Append(nil)))
	}
	select {
	case r.read <- err:
	default:
		r.Cut(true) // nobody asked
	}
}
