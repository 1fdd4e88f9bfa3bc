package stream_test

import (
	"testing"

	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

// What has a mark and waits, unwritten or unacknowledged, is replaced and counts with its new size; nothing else is.
func TestReplace(t *testing.T) {
	t.Parallel()
	o, c, r := counted(t, stream.OutboxLimits{})
	o.Send(message("acknowledged"), 1)
	o.Send(message("written"), 2)
	r.expect("acknowledged", "written")
	if err := o.Acked(1); err != nil {
		t.Fatal(err)
	}
	o.Detach(c)
	c.Close()
	o.Send(message("unwritten, a good deal longer"), 3)
	o.Send(message("other"), 4)
	o.Send(message("without"), 0)
	for _, mark := range []int64{1, 2, 3} {
		o.Replace(mark, func(wire.Stanza) wire.Stanza { return message("gone") })
	}
	want := []wire.Stanza{message("gone"), message("gone"), message("other"), message("without")}
	size := 0
	for _, st := range want {
		size += st.Len()
	}
	if n, bytes := o.Waiting(); n != len(want) || bytes != size {
		t.Errorf("%d stanzas and %d bytes wait, want %d and %d", n, bytes, len(want), size)
	}
	rest := o.Close(nil, false)
	for i, st := range want {
		if i >= len(rest) || string(rest[i].Stanza.Append(nil)) != string(st.Append(nil)) || rest[i].Mark != []int64{2, 3, 4, 0}[i] {
			t.Fatalf("%d: %+v", i, rest)
		}
	}
}
