package killtest_test

import (
	"fmt"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/server"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// grow stores so many messages of people who do not take part, before the server starts.
func (s *salon) grow(rows int) {
	s.t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.Storage.URL = s.data, config.StorageURL(s.url)
	store, err := server.OpenStore(s.t.Context(), cfg, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	w, err := archive.Open(s.t.Context(), store, archive.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	peer := wire.MustAddr("peer@a.test")
	for i := 0; i < rows; {
		var batch []storage.Row
		for ; len(batch) < archive.MaxRows && i < rows; i++ {
			owner := wire.MustAddr(fmt.Sprintf("u%d@a.test", i%500))
			body := wire.NewWriter()
			body.Elem("", "body", fmt.Sprintf("message %d, about as long as what people write to each other in a chat", i))
			st := wire.New(wire.KindMessage, "chat", fmt.Sprint("m", i), peer, owner, body.Payload())
			batch = append(batch, storage.Row{Owner: owner, Peer: peer, Kind: storage.RowChat, Stanza: st.AppendStandalone(nil)})
		}
		if err := w.Append(s.t.Context(), batch, nil); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		s.t.Fatal(err)
	}
}
