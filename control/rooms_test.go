package control_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/muc"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// mute is an archive's writer for rooms in which nobody speaks.
type mute struct{}

func (mute) TryAppend([]storage.Row, func(archive.Result), ...storage.Rewrite) error {
	return archive.ErrClosed
}

// services are the rooms of b.test and a.test on a store; b.test is the first host.
func services(t *testing.T, store storage.Store, offline bool) *control.Services {
	t.Helper()
	cfg := config.Default()
	cfg.Hosts = nil
	r := router.New(router.Options{Hosts: []string{"b.test", "a.test"}, Exists: func(context.Context, wire.Addr) (bool, error) { return false, nil }})
	ids, err := archive.NewIDs(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	var open []*muc.Service
	for _, host := range []string{"b.test", "a.test"} {
		cfg.Hosts = append(cfg.Hosts, config.Host{Name: host, Rooms: "rooms." + host})
		m, err := muc.New(muc.Options{Router: r, Rooms: store, Archive: store, IDs: ids, Writer: mute{}, Config: func() *config.Config { return cfg },
			Key: make([]byte, 32), OccupantKey: make([]byte, muc.OccupantKeyBytes), Domain: "rooms." + host, Host: host,
			Held: func(owner wire.Addr) bool { return owner.Local() == "held" }})
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, m)
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := m.Close(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	return control.NewServices(control.ServicesOptions{Open: func() ([]*muc.Service, error) { return open, nil }, Offline: offline})
}

func set(pairs ...string) (fields []muc.Field) {
	for _, p := range pairs {
		key, value, _ := strings.Cut(p, "=")
		fields = append(fields, muc.Field{Name: key, Values: []string{value}})
	}
	return fields
}

func TestRoomLife(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		ctx := t.Context()
		addr, err := a.CreateRoom(ctx, "Hall", control.NewRoom{Owners: []string{"alice@a.test"}, Fields: set("roomname=The Hall", "publicroom=0")})
		if err != nil || addr.String() != "hall@rooms.b.test" {
			t.Fatal(addr, err)
		}
		_, err = a.CreateRoom(ctx, "hall@rooms.b.test", control.NewRoom{})
		wantKind(t, "create again", err, control.Exists, "hall@rooms.b.test exists already: `room config hall@rooms.b.test`")
		if _, err = a.ConfigureRoom(ctx, "hall", set("membersonly=1", "muc#roomconfig_presencebroadcast=moderator, participant")); err != nil {
			t.Fatal(err)
		}
		for who, value := range map[string]string{"bob@a.test/phone": "member", "carol@a.test": "outcast", "spam.test": "outcast"} {
			if _, err = a.AffiliateRoom(ctx, "hall", control.Affiliation{JID: who, Value: value, Reason: "so"}); err != nil {
				t.Fatal(who, err)
			}
		}
		d, err := a.ShowRoom(ctx, "hall")
		if err != nil || d.Name != "The Hall" || d.Public || !d.Persistent || !d.MembersOnly || !d.Archive || d.Locked || d.Created.IsZero() {
			t.Errorf("%+v %v", d.RoomInfo, err)
		}
		var lists []string
		for _, f := range d.Affiliations {
			lists = append(lists, fmt.Sprint(f.Addr, " ", f.Value, " ", f.Reason, " ", f.By))
		}
		if got, want := strings.Join(lists, "; "), "alice@a.test owner  rooms.b.test; bob@a.test member so rooms.b.test; "+
			"carol@a.test outcast so rooms.b.test; spam.test outcast so rooms.b.test"; got != want {
			t.Errorf("the lists are %s, want %s", got, want)
		}
		i := slices.IndexFunc(d.Settings, func(s muc.Setting) bool { return s.Name == "muc#roomconfig_presencebroadcast" })
		if got := fmt.Sprint(d.Settings[i].Values); got != "[participant moderator]" {
			t.Errorf("presence of %s is shown", got)
		}
		if _, err := h.store.Room(ctx, addr); err != nil {
			t.Error("it is not stored:", err)
		}
		if _, err = a.DestroyRoom(ctx, "hall", control.Destruction{Reason: "over", Alternate: "garden", Password: "x"}); err != nil {
			t.Fatal(err)
		}
		_, err = a.ShowRoom(ctx, "hall")
		wantKind(t, "show what was destroyed", err, control.Missing, "there is no room hall@rooms.b.test: `room list`")
		if _, err = a.CreateRoom(ctx, "hall", control.NewRoom{}); err != nil {
			t.Error("the operator cannot make it again:", err)
		}
	})
}

func TestRoomRefusals(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		ctx := t.Context()
		for _, room := range []string{"hall", "held"} {
			if _, err := a.CreateRoom(ctx, room, control.NewRoom{Owners: []string{"alice@a.test"}}); err != nil {
				t.Fatal(err)
			}
		}
		create := func(room string, owners ...string) error {
			_, err := a.CreateRoom(ctx, room, control.NewRoom{Owners: owners})
			return err
		}
		configure := func(pairs ...string) error {
			_, err := a.ConfigureRoom(ctx, "hall", set(pairs...))
			return err
		}
		affiliate := func(room, who, value string) error {
			_, err := a.AffiliateRoom(ctx, room, control.Affiliation{JID: who, Value: value})
			return err
		}
		destroy := func(room string, d control.Destruction) error {
			_, err := a.DestroyRoom(ctx, room, d)
			return err
		}
		for what, c := range map[string]struct {
			err  error
			kind control.Kind
			text string
		}{
			"empty name":         {create(""), control.Invalid, `"" is no room`},
			"malformed":          {create("a b@rooms.b.test"), control.Invalid, `"a b@rooms.b.test" is no room: write its name, such as lobby`},
			"full":               {create("x@rooms.b.test/nick"), control.Invalid, "is no room"},
			"elsewhere":          {create("x@b.test"), control.Invalid, "b.test has no rooms here: they are at rooms.b.test, rooms.a.test"},
			"malformed owner":    {create("new", "alice"), control.Invalid, `"alice" is not a user's address`},
			"nothing to set":     {configure(), control.Invalid, "`room show hall@rooms.b.test` shows the keys"},
			"unknown field":      {configure("colour=red"), control.Invalid, "There is no field colour: the fields are roomname, "},
			"no boolean":         {configure("roomname=New", "publicroom=perhaps"), control.Invalid, "publicroom takes 1 or 0"},
			"not in the list":    {configure("whois=me"), control.Invalid, "whois takes moderators, anyone"},
			"twice":              {configure("whois=anyone", "whois=anyone"), control.Invalid, "named twice"},
			"too long":           {configure("roomname=" + strings.Repeat("x", 257)), control.Invalid, "too long"},
			"it would end":       {configure("persistentroom=0"), control.Invalid, "it would end"},
			"secret alone":       {configure("roomsecret=x"), control.Invalid, "set passwordprotectedroom too"},
			"no affiliation":     {affiliate("hall", "bob@a.test", "king"), control.Invalid, "choose one of owner, admin, member, none, outcast"},
			"malformed address":  {affiliate("hall", "bob@@", "member"), control.Invalid, `"bob@@" is not an address`},
			"a domain as member": {affiliate("hall", "b.test", "member"), control.Invalid, "can be banned alone"},
			"last owner":         {affiliate("hall", "alice@a.test", "none"), control.Invalid, "A room needs an owner: make somebody else an owner first"},
			"long reason": {func() error {
				_, err := a.AffiliateRoom(ctx, "hall", control.Affiliation{JID: "bob@a.test", Value: "outcast", Reason: strings.Repeat("x", 2049)})
				return err
			}(), control.Invalid, "The reason is too long"},
			"unknown room":    {affiliate("cellar", "bob@a.test", "none"), control.Missing, "there is no room cellar@rooms.b.test"},
			"destroy unknown": {destroy("cellar", control.Destruction{}), control.Missing, "there is no room"},
			"alternate":       {destroy("hall", control.Destruction{Alternate: "a@b@c"}), control.Invalid, `"a@b@c" is no room`},
			"password alone":  {destroy("hall", control.Destruction{Password: "x"}), control.Invalid, "--alternate"},
			"held":            {destroy("held", control.Destruction{}), control.Held, "archive.hold"},
		} {
			wantKind(t, what, c.err, c.kind, c.text)
		}
		d, err := a.ShowRoom(ctx, "hall")
		if err != nil || d.Name != "" || !d.Public || len(d.Affiliations) != 1 {
			t.Errorf("a refused change is there: %+v %v", d, err)
		}
		_, err = a.ShowRoom(ctx, "new")
		wantKind(t, "a refused room", err, control.Missing, "")
	})
}

func TestKick(t *testing.T) {
	bothWays(t, func(t *testing.T, _ *house, a control.Admin) {
		if _, err := a.CreateRoom(t.Context(), "hall", control.NewRoom{}); err != nil {
			t.Fatal(err)
		}
		_, offline := a.(control.Offline)
		for _, c := range []struct {
			room, nick string
			kind       control.Kind
			text       string
		}{
			{"hall", "Nobody", control.Missing, `nobody in hall@rooms.b.test is called "Nobody": ` + "`room show hall@rooms.b.test`"},
			{"cellar", "Nobody", control.Missing, "there is no room"},
			{"hall", "", control.Invalid, "nickname is empty"},
			{"hall", "\u2028", control.Invalid, "no nickname"},
		} {
			if offline {
				c.kind, c.text = control.NotRunning, "no server is running"
			}
			_, err := a.KickOccupant(t.Context(), c.room, c.nick, "")
			wantKind(t, c.room+"/"+c.nick, err, c.kind, c.text)
		}
	})
}

func TestRoomList(t *testing.T) {
	bothWays(t, func(t *testing.T, _ *house, a control.Admin) {
		for _, room := range []string{"c@rooms.b.test", "a@rooms.b.test", "b@rooms.a.test", "z@rooms.a.test", "b@rooms.b.test"} {
			if _, err := a.CreateRoom(t.Context(), room, control.NewRoom{Fields: set("publicroom=0")}); err != nil {
				t.Fatal(err)
			}
		}
		for _, limit := range []int{1, 2, 3, control.MaxList} {
			for host, want := range map[string]string{
				"":       "b@rooms.a.test z@rooms.a.test a@rooms.b.test b@rooms.b.test c@rooms.b.test",
				"b.test": "a@rooms.b.test b@rooms.b.test c@rooms.b.test", "rooms.a.test": "b@rooms.a.test z@rooms.a.test",
			} {
				var got []string
				for after := (wire.Addr{}); ; {
					page, err := a.ListRooms(t.Context(), host, after, limit)
					if err != nil || len(page.Rooms) > limit {
						t.Fatal(len(page.Rooms), err)
					}
					for _, r := range page.Rooms {
						got = append(got, r.Addr.String())
					}
					if after = page.Next; after.IsZero() {
						break
					}
				}
				if got := strings.Join(got, " "); got != want {
					t.Errorf("host %q by %d: %s", host, limit, got)
				}
			}
		}
		for _, limit := range []int{0, control.MaxList + 1} {
			_, err := a.ListRooms(t.Context(), "", wire.Addr{}, limit)
			wantKind(t, "list", err, control.Invalid, "limit")
		}
		_, err := a.ListRooms(t.Context(), "c.test", wire.Addr{}, 1)
		wantKind(t, "another host", err, control.Invalid, "c.test is no host here")
	})
}

func TestRoomStoreErrorsAreInternal(t *testing.T) {
	h := newHouse(t)
	a := online(t, h)
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := a.CreateRoom(t.Context(), "hall", control.NewRoom{})
	wantKind(t, "create", err, control.Internal, "hall@rooms.b.test")
	_, err = a.ListRooms(t.Context(), "", wire.Addr{}, 1)
	wantKind(t, "list", err, control.Internal, "list rooms")
}
