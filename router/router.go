package router

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"mellium.im/xmpp/stanza"
	"mellium.im/xmpp/stream"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// ErrTooMany says that the account has as many sessions as it may have (RFC 6120 §7.6.2.1 resource-constraint).
var ErrTooMany = errors.New("router: too many sessions of this account")

// Service answers for a domain of its own, such as a conference service.
type Service interface {
	// Accept takes a stanza to the service's domain in arrival order. It must not block. done is called exactly once, from
	// any goroutine, when the stanza is handled: then its sender sees it acknowledged. sent is a message as its sender's other
	// sessions may see it (XEP-0280), with the id under which the sender's archive has it; zero if it was refused. The service
	// refuses with an error stanza of its own; it never answers an error or a result with an error.
	Accept(ctx context.Context, st wire.Stanza, done func(sent wire.Stanza))
}

// Remote reaches other domains. Package s2s implements it.
type Remote interface {
	// Send queues a stanza to its `to`'s domain. It never blocks; false says that the domain cannot be reached, and the
	// router bounces the stanza.
	Send(st wire.Stanza) bool
}

// Archiver commits rows; package archive's Writer is one.
type Archiver interface {
	// Queue assigns ids to the rows, in place and in order, and queues them. It blocks while the queue is full. done is
	// called once, in the order of queueing, and must not block: dropped says for each row that it was a resend; err says
	// that none was stored, as far as is known. A row that an earlier failure had stored nevertheless has its id of then.
	// rewrites are carried out with the rows, or not at all.
	Queue(ctx context.Context, rows []storage.Row, done func(dropped []bool, err error), rewrites ...storage.Rewrite) error
	// Delivered notes that marked rows reached their user. It never blocks.
	Delivered(marks ...storage.Mark)
}

// Presences consumes every presence stanza of local users. The presence feature implements it.
type Presences interface {
	// Outbound takes a presence that a local session sent, `to` zero for a broadcast.
	Outbound(ctx context.Context, res *Resource, st wire.Stanza) error
	// Inbound takes a presence to a local account from anyone else; `to` is bare or full.
	Inbound(ctx context.Context, st wire.Stanza) error
}

// Options are what a Router is built from.
type Options struct {
	Hosts []string // domains of local users
	// Exists says whether a local account exists.
	Exists  func(ctx context.Context, bare wire.Addr) (bool, error)
	Archive Archiver
	// ResourcesPerUser bounds the sessions of an account; called at each bind.
	ResourcesPerUser func() int
	Flow             FlowLimits
	Log              *slog.Logger
}

// Router routes. Register everything before the first Bind; its other methods are safe for any goroutine.
type Router struct {
	o         Options
	hosts     map[string]bool
	services  map[string]Service
	remote    Remote
	table     *table
	iq        map[iqKey]IQHandler
	presences Presences
	check     []CheckFunc
	amend     []AmendFunc
	observe   []ObserveFunc
	alone     []func(wire.Stanza) bool
	hooks     Hooks
	registry  registry
	inner     []*Flow // of stanzas that enter by Route, by recipient
	queries   queries
	runners   *runners
	Stats     Stats
}

// Stats counts what the router did since the start.
type Stats struct {
	Messages, Presences, IQs, Panics atomic.Int64
	Bounced                          BounceCounts
	Dropped                          DropCounts
}

// Hooks are called at the turns of a session's life, in order of registration, on the goroutine that caused them.
type Hooks struct {
	// Bound: the session is in the table, and may be sent to.
	Bound []func(context.Context, *Resource)
	// Available: the session has become available with a priority of 0 or more, be it at once or by raising it, and its
	// presence has been broadcast (RFC 6121 §4.2). Its live messages wait meanwhile; see Resource.Hold.
	Available []func(context.Context, *Resource)
	// Delivered: these marked rows of an account reached a session. It must not block.
	Delivered []func(owner wire.Addr, marks []int64)
	// Gone: the session left the table for good. last is its presence until then, nil if it was not available.
	Gone []func(ctx context.Context, res *Resource, last *Presence)
}

// New builds a router for the hosts.
func New(o Options) *Router {
	r := &Router{o: o, hosts: map[string]bool{}, services: map[string]Service{}, table: newTable(), iq: map[iqKey]IQHandler{},
		presences: noPresences{}, runners: newRunners()}
	for _, h := range o.Hosts {
		r.hosts[h] = true
	}
	if r.o.ResourcesPerUser == nil {
		r.o.ResourcesPerUser = func() int { return 20 }
	}
	if r.o.Log == nil {
		r.o.Log = slog.New(slog.DiscardHandler)
	}
	for range innerFlows {
		r.inner = append(r.inner, r.NewFlow(context.Background(), nil, nil))
	}
	return r
}

// noPresences drops presence until there is a consumer.
type noPresences struct{}

func (noPresences) Outbound(context.Context, *Resource, wire.Stanza) error { return nil }
func (noPresences) Inbound(context.Context, wire.Stanza) error             { return nil }

// HandleService gives a domain to a service.
func (r *Router) HandleService(domain string, s Service) { r.services[domain] = s }

// HandleRemote sets the way to other domains.
func (r *Router) HandleRemote(rm Remote) { r.remote = rm }

// HandlePresence sets the one consumer of presence.
func (r *Router) HandlePresence(p Presences) { r.presences = p }

// OnBound adds a hook for new sessions; see Hooks.
func (r *Router) OnBound(f func(context.Context, *Resource)) {
	r.hooks.Bound = append(r.hooks.Bound, f)
}

// OnAvailable adds a hook for sessions that become available; see Hooks.
func (r *Router) OnAvailable(f func(context.Context, *Resource)) {
	r.hooks.Available = append(r.hooks.Available, f)
}

// Available runs the Available hooks. Only the presence feature calls it, after Resource.Hold.
func (r *Router) Available(ctx context.Context, res *Resource) {
	if len(r.hooks.Available) == 0 {
		res.Release(0)
	}
	if !r.runHooks(ctx, "available", r.hooks.Available, res) {
		res.Release(0) // by whom is not known
	}
}

// OnDelivered adds a hook for marked rows that reached their user; see Hooks.
func (r *Router) OnDelivered(f func(owner wire.Addr, marks []int64)) {
	r.hooks.Delivered = append(r.hooks.Delivered, f)
}

// OnGone adds a hook for the end of sessions; see Hooks.
func (r *Router) OnGone(f func(context.Context, *Resource, *Presence)) {
	r.hooks.Gone = append(r.hooks.Gone, f)
}

// IsHost reports whether the domain has local users.
func (r *Router) IsHost(domain string) bool { return r.hosts[domain] }

// Hosts returns the domains of local users.
func (r *Router) Hosts() []string { return r.o.Hosts }

// IsLocal reports whether the domain is a host or a service here.
func (r *Router) IsLocal(domain string) bool { return r.hosts[domain] || r.services[domain] != nil }

// Exists reports whether a bare address is a local account.
func (r *Router) Exists(ctx context.Context, bare wire.Addr) (bool, error) {
	if r.table.find(bare) != nil {
		return true, nil
	}
	return r.o.Exists(ctx, bare)
}

// Bind puts a session into the table and runs the Bound hooks. An older session of the same full JID is closed with
// conflict (RFC 6120 §7.7.2.2). An account that has as many sessions as it may have loses the one that waits for resumption
// the longest: a client that comes is worth more than one that may come back. Without such a session it returns ErrTooMany.
func (r *Router) Bind(ctx context.Context, s Session) (*Resource, error) {
	res, replaced, ok := r.table.add(s, r.o.ResourcesPerUser())
	for !ok {
		oldest := sleepiest(r.Resources(s.Addr().Bare()))
		if oldest == nil {
			return nil, ErrTooMany
		}
		oldest.Close(stream.ResourceConstraint)
		r.Unbind(ctx, oldest)
		res, replaced, ok = r.table.add(s, r.o.ResourcesPerUser())
	}
	if replaced != nil {
		replaced.Close(stream.Conflict)
		r.gone(ctx, replaced)
	}
	r.runHooks(ctx, "bound", r.hooks.Bound, res)
	return res, nil
}

// sleepiest returns the session that has been without a connection for the longest time, nil if all have one.
func sleepiest(sessions []*Resource) (oldest *Resource) {
	var since time.Time
	for _, res := range sessions {
		if s, ok := res.Session.(Sleeper); ok {
			if t, asleep := s.Asleep(); asleep && (oldest == nil || t.Before(since)) {
				oldest, since = res, t
			}
		}
	}
	return oldest
}

// Unbind takes a session out of the table and runs the Gone hooks, once. The owner of the session calls it when the
// session cannot be resumed any more.
func (r *Router) Unbind(ctx context.Context, res *Resource) {
	if r.table.remove(res) {
		r.gone(ctx, res)
	}
}

func (r *Router) gone(ctx context.Context, res *Resource) {
	last := res.presence.Swap(nil)
	for _, f := range r.hooks.Gone {
		r.guarded("gone", func() { f(ctx, res, last) })
	}
}

// Resource returns the session of a full JID, nil if there is none.
func (r *Router) Resource(full wire.Addr) *Resource {
	for _, res := range r.Resources(full.Bare()) {
		if res.Addr() == full {
			return res
		}
	}
	return nil
}

// Resources returns the sessions of a bare address. The slice is shared and must not be modified.
func (r *Router) Resources(bare wire.Addr) []*Resource {
	if a := r.table.find(bare); a != nil {
		return a.list()
	}
	return nil
}

// EachAccount calls f for every account with sessions.
func (r *Router) EachAccount(f func(bare wire.Addr, sessions []*Resource)) {
	r.table.all(func(a *account) { f(a.bare, a.list()) })
}

// Sessions counts the sessions in the table.
func (r *Router) Sessions() int { return int(r.table.count.Load()) }

// SetFilter makes the sessions of an account drop what f reports true for; nil drops nothing. f runs for every stanza
// sent to the account, and must be quick. An account without sessions has no filter.
func (r *Router) SetFilter(bare wire.Addr, f func(wire.Stanza) bool) {
	a := r.table.find(bare)
	switch {
	case a == nil:
	case f == nil:
		a.filter.Store(nil)
	default:
		a.filter.Store(&f)
	}
}

// Delivered notes that a marked row reached its user.
func (r *Router) Delivered(owner wire.Addr, marks ...int64) {
	if len(marks) == 0 {
		return
	}
	for _, f := range r.hooks.Delivered {
		r.guarded("delivered", func() { f(owner.Bare(), marks) })
	}
	if r.o.Archive == nil {
		return
	}
	m := make([]storage.Mark, len(marks))
	for i, id := range marks {
		m[i] = storage.Mark{Owner: owner.Bare(), ID: id}
	}
	r.o.Archive.Delivered(m...)
}

// Send hands a finished stanza to its `to` without Check and Amend: to a session of a full JID, to a service, to another
// domain, or a presence to an account. Services use it for what they say to occupants. It reports whether anyone took the stanza.
func (r *Router) Send(ctx context.Context, st wire.Stanza) bool {
	to := st.To()
	if s := r.services[to.Domain()]; s != nil {
		s.Accept(ctx, st, func(wire.Stanza) {})
		return true
	}
	if !r.hosts[to.Domain()] {
		return r.remote != nil && r.remote.Send(st)
	}
	if to.IsFull() {
		res := r.Resource(to)
		return res != nil && res.Send(st, 0)
	}
	if st.Kind() == wire.KindPresence && to.IsBare() {
		return r.presences.Inbound(ctx, st) == nil // such as the error to a subscription request (RFC 6121 §3.1.2)
	}
	return false
}

// Sink is where the stanzas for one full JID go; see Router.Sink.
type Sink interface {
	// Send queues a stanza whose `to` is the sink's address. It never blocks, and reports whether it was taken.
	Send(st wire.Stanza) bool
}

// Sink returns a lasting way to one full JID, for rooms that send to it again and again: one table look-up for its
// life. It keeps reporting false once the session is gone.
func (r *Router) Sink(full wire.Addr) Sink {
	if r.hosts[full.Domain()] {
		if res := r.Resource(full); res != nil {
			return localSink{res}
		}
		return noSink{}
	}
	if r.remote != nil {
		return r.remote
	}
	return noSink{}
}

type localSink struct{ res *Resource }

func (s localSink) Send(st wire.Stanza) bool { return s.res.Send(st, 0) }

type noSink struct{}

func (noSink) Send(wire.Stanza) bool { return false }

// Bounce answers a stanza that cannot be delivered, unless it is itself an error or a result (RFC 6120 §8.3.1).
// detail is an application-specific condition.
func (r *Router) Bounce(ctx context.Context, st wire.Stanza, e stanza.Error, detail ...wire.Payload) {
	r.bounce(ctx, st, e, detail...)
}

func (r *Router) bounce(ctx context.Context, st wire.Stanza, e stanza.Error, detail ...wire.Payload) {
	if t := st.Type(); t == "error" || t == "result" || st.From().IsZero() {
		r.CountDrop(DropUnanswerable)
		return
	}
	r.Stats.Bounced.count(e.Condition)
	r.Send(ctx, st.ErrorReply(e, detail...))
}

// iqTimeout bounds one IQ handler.
const iqTimeout = 30 * time.Second
