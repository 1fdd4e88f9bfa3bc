package config_test

import (
	"reflect"
	"testing"
	"time"

	"salon.im/salon/config"
)

// TestReloadOfEachKey changes one key at a time, and looks where it is named.
func TestReloadOfEachKey(t *testing.T) {
	for _, k := range keys() {
		old, changed := config.Default(), config.Default()
		change(t, fieldOf(changed, k.name))
		apply, applied, restart := config.Reload(old, changed)
		want, other := applied, restart
		result := changed
		if k.field.Tag.Get("reload") == "false" {
			want, other, result = restart, applied, config.Default()
		}
		if !reflect.DeepEqual(want, []string{k.name}) || len(other) != 0 {
			t.Errorf("%s: applied %v, restart %v", k.name, applied, restart)
		}
		if !reflect.DeepEqual(apply, result) {
			t.Errorf("%s: apply is %+v", k.name, apply)
		}
		if !reflect.DeepEqual(old, config.Default()) {
			t.Fatalf("%s: old was changed", k.name)
		}
	}
}

// change gives a value of any type another value.
func change(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Slice:
		v.Set(reflect.Append(v, reflect.New(v.Type().Elem()).Elem()))
	default:
		t.Fatalf("no other value for a %s", v.Type())
	}
}

func TestReloadOfHosts(t *testing.T) {
	host := func(name string, r config.Registration, admins ...string) config.Host {
		return config.Host{Name: name, Rooms: "conference." + name, Registration: r, Admins: admins}
	}
	a, b := host("a.example", "open"), host("b.example", "")
	for i, test := range []struct {
		old, new         []config.Host
		applied, restart []string
	}{
		0: {[]config.Host{a, b}, []config.Host{a, b}, nil, nil},
		1: {[]config.Host{a, b}, []config.Host{a, host("b.example", "open", "x@b.example")},
			[]string{"hosts[1].registration", "hosts[1].admins"}, nil},
		2: {[]config.Host{a}, []config.Host{a, b}, nil, []string{"hosts"}},
		// In another order, b must not get a's open registration.
		3: {[]config.Host{a, b}, []config.Host{b, a}, nil, []string{"hosts[0].name", "hosts[0].rooms",
			"hosts[0].registration", "hosts[1].name", "hosts[1].rooms", "hosts[1].registration"}},
		4: {[]config.Host{a}, []config.Host{{Name: "a.example", Rooms: "rooms.a.example"}}, nil,
			[]string{"hosts[0].rooms", "hosts[0].registration"}},
		5: {[]config.Host{b}, []config.Host{{Name: b.Name, Rooms: b.Rooms, Contact: &config.Contact{Abuse: []string{"mailto:a@b"}}}},
			[]string{"hosts[0].contact"}, nil},
	} {
		old, loaded := config.Default(), config.Default()
		old.Hosts, loaded.Hosts = test.old, test.new
		apply, applied, restart := config.Reload(old, loaded)
		if !reflect.DeepEqual(applied, test.applied) || !reflect.DeepEqual(restart, test.restart) {
			t.Errorf("%d: applied %q, restart %q", i, applied, restart)
		}
		want := test.old
		if test.restart == nil {
			want = test.new
		}
		if !reflect.DeepEqual(apply.Hosts, want) {
			t.Errorf("%d: hosts are %+v", i, apply.Hosts)
		}
	}
}

func TestReloadMixes(t *testing.T) {
	old, loaded := config.Default(), config.Default()
	loaded.Log.Level, loaded.Data = "debug", "/elsewhere"
	loaded.Archive.BatchWait, loaded.Stream.IdlePing = time.Second, 0
	apply, applied, restart := config.Reload(old, loaded)
	if want := []string{"stream.idle_ping", "log.level"}; !reflect.DeepEqual(applied, want) {
		t.Errorf("applied %q", applied)
	}
	if want := []string{"data", "archive.batch_wait"}; !reflect.DeepEqual(restart, want) {
		t.Errorf("restart %q", restart)
	}
	if apply.Data != "./data" || apply.Log.Level != "debug" {
		t.Errorf("apply is %+v", apply)
	}
}

// TestComparedKeysReloadAlike: else a reload could mix a valid old with a valid new Config into an invalid one.
func TestComparedKeysReloadAlike(t *testing.T) {
	reload := map[string]string{}
	for _, k := range keys() {
		reload[k.name] = k.field.Tag.Get("reload")
	}
	for _, pair := range [][2]string{
		{"auth.max_delay", "auth.delay"}, {"archive.queue_rows", "archive.batch_rows"},
		{"limits.stanza", "limits.stanza_before_login"}, {"limits.depth", "limits.depth_before_login"},
		{"limits.bytes_burst", "limits.stanza"}, {"limits.outbox_bytes", "limits.stanza"},
		{"limits.vcard_bytes", "limits.stanza"}, {"stream.resume_bytes", "limits.stanza"},
		{"rooms.history_max", "rooms.history_stanzas"}, {"storage.url", "storage.url_file"},
	} {
		if reload[pair[0]] == "" || reload[pair[0]] != reload[pair[1]] {
			t.Errorf("%v: %q and %q", pair, reload[pair[0]], reload[pair[1]])
		}
	}
}
