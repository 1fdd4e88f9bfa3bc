package muc

import (
	"encoding/xml"
	"errors"

	"salon.im/salon/wire"
)

// iqKey is what an IQ handler is found by.
type iqKey struct {
	typ  string
	name xml.Name
}

// errAnswered is what a handler returns that sent the result itself, because more must follow it in order.
var errAnswered = errors.New("muc: the handler has answered")

// iqHandler answers a request to the room itself.
type iqHandler func(r *room, st wire.Stanza, k wire.Kid) (wire.Payload, error)

// roomIQs lists the requests that a room answers.
var roomIQs = map[iqKey]iqHandler{
	{"get", iqName(nsDiscoInfo, "query")}:  (*room).discoInfo,
	{"get", iqName(nsDiscoItems, "query")}: (*room).discoItems,
	{"get", iqName(nsPing, "ping")}:        func(*room, wire.Stanza, wire.Kid) (wire.Payload, error) { return nil, nil },
	{"get", iqName(nsOwner, "query")}:      (*room).getConfig,
	{"set", iqName(nsOwner, "query")}:      (*room).setOwner,
	{"get", iqName(nsAdmin, "query")}:      (*room).getAdmin,
	{"set", iqName(nsAdmin, "query")}:      (*room).setAdmin,
	{"get", iqName(nsRegister, "query")}:   (*room).getRegistration,
	{"set", iqName(nsRegister, "query")}:   (*room).setRegistration,
	{"get", iqName(nsVCard, "vCard")}:      (*room).getVCard,
	{"set", iqName(nsVCard, "vCard")}:      (*room).setVCard,
	{"set", iqName(nsCommands, "command")}: (*room).execute,
	{"set", iqName(nsTokens, "request")}:   (*room).issueToken,
	{"get", iqName(nsTokens, "tokens")}:    (*room).listTokens,
	{"set", iqName(nsTokens, "revoke")}:    (*room).revokeToken,
}

// iq answers a request to the room, or passes one on to an occupant.
func (r *room) iq(e *event) error {
	st := e.st
	if st.To().IsFull() {
		return r.relayIQ(st)
	}
	if !request(st) {
		r.answered(st)
		return nil
	}
	if r.missing(st.From()) {
		return r.absence(st.From().Bare())
	}
	if k, ok := archiveRequest(st); ok {
		return r.askArchive(e, k)
	}
	for k := range st.Kids() {
		h := roomIQs[iqKey{st.Type(), k.Name()}]
		if h == nil {
			break
		}
		p, err := h(r, st, k)
		if err == errAnswered {
			return nil
		}
		if err != nil {
			return err
		}
		r.send(st.Result(p))
		return nil
	}
	return errUnknown
}

// request reports whether an IQ wants an answer.
func request(st wire.Stanza) bool { return st.Type() == "get" || st.Type() == "set" }
