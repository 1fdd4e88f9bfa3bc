package muc

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// Namespaces of XEP-0433.
const (
	nsSearch       = "urn:xmpp:channel-search:0:search"
	nsSearchParams = "urn:xmpp:channel-search:0:search-params"
	nsSearchError  = "urn:xmpp:channel-search:0:error"

	keyUsers   = "{urn:xmpp:channel-search:0:order}nusers"
	keyAddress = "{urn:xmpp:channel-search:0:order}address"
)

// Bounds of a search: the bytes of its words, their number, the rooms of a page, the searches under way at a time.
const (
	maxQuery    = 256
	maxWords    = 10
	searchPage  = 100
	maxSearches = 2
)

func advertiseSearch(r *router.Router) {
	r.Advertise(router.OnService, router.XEP{Num: 433, Version: "0.1.0", Status: "complete"}, nsSearch)
}

// errSearch refuses a search with a condition of XEP-0433, and the fields that it is about.
func errSearch(t stanza.ErrorType, c stanza.Condition, text, detail string, vars ...string) error {
	w := wire.NewWriter().Start(nsSearchError, detail)
	if detail == "rate-limit" {
		w.Attr("retry-after", "1")
	}
	for _, v := range vars {
		w.Elem("", "var", v)
	}
	return router.DetailedError{Stanza: refusal(t, c, text), Detail: w.Payload()}
}

// search answers a search over the public rooms, or with the form for one (XEP-0433 §4.2).
func (s *Service) search(ctx context.Context, k wire.Kid) (wire.Payload, error) {
	x, ok := k.Kid(wire.NSForm, "x")
	if !ok {
		return searchForm(), nil
	}
	form, err := wire.ReadForm(x)
	if err != nil || form.Type != "submit" || form.FormType != nsSearchParams {
		return nil, errMalformed
	}
	q, err := readQuery(form)
	if err != nil {
		return nil, err
	}
	p, err := q.readCursor(k)
	if err != nil {
		return nil, err
	}
	errMany := errSearch(stanza.Wait, stanza.ResourceConstraint, "Too many searches; try again in a moment.", "rate-limit") // §4.2.2.4
	select {
	case s.searching <- struct{}{}:
		defer func() { <-s.searching }()
	default:
		return nil, errMany
	}
	var found []listed
	if q.rooms {
		err := s.eachListed(ctx, func(l listed) {
			if q.matches(l) {
				found = append(found, l)
			}
		})
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, errMany // what was read is remembered: the next one comes further
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(found, func(a, b listed) int { return q.compare(a.users, a.addr.String(), b.users, b.addr.String()) })
	return q.answer(found, p), nil
}

// searchForm is the form with every field and its default (§4.2.1, §5).
func searchForm() wire.Payload {
	f := wire.NewFormWriter("form", nsSearchParams).TextSingle("q", "Search for", "").
		Boolean("all", "Return all rooms", false).Boolean("sinname", "Search in names", true).
		Boolean("sindescription", "Search in descriptions", true).Boolean("sinaddress", "Search in addresses", true).
		ListMulti("types", "Service types", []string{"xep-0045"}, wire.Option{Label: "Rooms (XEP-0045)", Value: "xep-0045"}).
		ListSingle("key", "Sort by", keyUsers, wire.Option{Label: "Number of users", Value: keyUsers}, wire.Option{Label: "Address", Value: keyAddress})
	return wire.NewWriter().Start(nsSearch, "search").Raw(f.Payload()).Payload()
}

// query is what a search asks for.
type query struct {
	words                      []string // in lower case; none: all rooms
	name, description, address bool     // where the words may be
	rooms                      bool     // XEP-0045 rooms are asked for
	byUsers                    bool
}

// readQuery reads a submitted form. Fields that are left out have their defaults, and unknown ones are ignored (§5).
func readQuery(form wire.Form) (*query, error) {
	q := &query{name: true, description: true, address: true, rooms: true}
	all := false
	for _, b := range []struct {
		name string
		into *bool
	}{{"all", &all}, {"sinname", &q.name}, {"sindescription", &q.description}, {"sinaddr", &q.address}, // as the example of §4.2.1 has it
		{"sinaddress", &q.address}} { // §6.1
		if err := readBool(form, b.name, b.into); err != nil {
			return nil, err
		}
	}
	if form.Has("types") {
		q.rooms = slices.Contains(form.Values("types"), "xep-0045")
	}
	switch form.Value("key") {
	case "", keyUsers:
		q.byUsers = true
	case keyAddress:
	default:
		return nil, errSearch(stanza.Modify, stanza.FeatureNotImplemented, "", "invalid-sort-key") // §4.2.2.2
	}
	text := form.Value("q")
	switch {
	case text != "" && all:
		return nil, errSearch(stanza.Modify, stanza.BadRequest, "Either all rooms are returned, or those with certain words.", "conflicting-fields", "all", "q") // §4.2.2.6
	case text == "" && !all:
		return nil, errSearch(stanza.Cancel, stanza.BadRequest, "Say what to search for.", "no-search-conditions") // §4.2.2.7
	case all:
		return q, nil
	case !q.name && !q.description && !q.address:
		return nil, errSearch(stanza.Modify, stanza.BadRequest, "There is nothing to search in.", "conflicting-fields", "q", "sinname", "sindescription", "sinaddress")
	}
	q.words = strings.Fields(strings.ToLower(text))
	if len(text) > maxQuery || len(q.words) == 0 || len(q.words) > maxWords {
		return nil, errSearch(stanza.Modify, stanza.BadRequest, // §4.2.2.3
			"Search for 1 to "+strconv.Itoa(maxWords)+" words, "+strconv.Itoa(maxQuery)+" bytes in all.", "invalid-search-terms")
	}
	return q, nil
}

// matches reports whether every word is somewhere in what is searched.
func (q *query) matches(l listed) bool {
	if len(q.words) == 0 {
		return true
	}
	var in []string
	if q.name {
		in = append(in, strings.ToLower(l.name))
	}
	if q.description {
		in = append(in, strings.ToLower(l.description))
	}
	if q.address {
		in = append(in, l.addr.String())
	}
	for _, word := range q.words {
		if !slices.ContainsFunc(in, func(s string) bool { return strings.Contains(s, word) }) {
			return false
		}
	}
	return true
}

// compare orders rooms: by their users, the most first, or by address alone (§6.1).
func (q *query) compare(n int, addr string, m int, other string) int {
	if q.byUsers && n != m {
		return cmp.Compare(m, n)
	}
	return strings.Compare(addr, other)
}

// cursor is a page that is asked for. Its ids say where a room stands in the order, so that nothing is kept between pages (§2).
type cursor struct {
	max      int
	id       string // "" is the start, or backwards the end
	users    int
	addr     string
	backward bool
}

// id names the place of a room in the order.
func (q *query) id(l listed) string {
	if q.byUsers {
		return strconv.Itoa(l.users) + " " + l.addr.String()
	}
	return l.addr.String()
}

func (q *query) readCursor(k wire.Kid) (cursor, error) {
	c := cursor{max: searchPage}
	set, ok := k.Kid(nsRSM, "set")
	if !ok {
		return c, nil
	}
	if m, ok := set.Kid("", "max"); ok {
		n, err := strconv.Atoi(m.Text())
		if err != nil || n < 0 {
			return c, errMalformed
		}
		c.max = min(n, searchPage)
	}
	if a, ok := set.Kid("", "after"); ok {
		c.id = a.Text()
	} else if b, ok := set.Kid("", "before"); ok {
		c.backward, c.id = true, b.Text()
	}
	if c.addr = c.id; q.byUsers && c.id != "" {
		users, addr, _ := strings.Cut(c.id, " ")
		n, err := strconv.Atoi(users)
		if err != nil {
			return c, errNoNode // XEP-0059 §2.2: an id that we never gave
		}
		c.users, c.addr = n, addr
	}
	return c, nil
}

// cut returns the page of the rooms found, and where it begins.
func (q *query) cut(found []listed, c cursor) (page []listed, index int) {
	from, to := 0, len(found)
	if c.id != "" {
		at, exact := slices.BinarySearchFunc(found, c, func(l listed, c cursor) int { return q.compare(l.users, l.addr.String(), c.users, c.addr) })
		switch {
		case c.backward:
			to = at
		case exact:
			from = at + 1
		default:
			from = at
		}
	}
	if c.backward {
		from = max(0, to-c.max)
	} else {
		to = min(to, from+c.max)
	}
	return found[from:to], from
}

// answer renders a page (§4.2.2.1, §6.2). What a room does not say is left out.
func (q *query) answer(found []listed, c cursor) wire.Payload {
	page, index := q.cut(found, c)
	w := wire.NewWriter().Start(nsSearch, "result")
	for _, l := range page {
		w.Start("", "item").Attr("address", l.addr.String())
		w.ElemIf("", "name", l.name).ElemIf("", "description", l.description).ElemIf("", "language", l.lang)
		w.Elem("", "nusers", strconv.Itoa(l.users)).Elem("", "service-type", "xep-0045")
		if l.open {
			w.Elem("", "is-open", "true")
		}
		mode := "muc_semianonymous"
		if l.named {
			mode = "{urn:xmpp:channel-search:0:anonymity}none"
		}
		w.Elem("", "anonymity-mode", mode).End()
	}
	w.Start(nsRSM, "set")
	if len(page) > 0 {
		w.Start("", "first").Attr("index", strconv.Itoa(index)).Text(q.id(page[0])).End().Elem("", "last", q.id(page[len(page)-1]))
	}
	return w.Elem("", "count", strconv.Itoa(len(found))).End().Payload()
}
