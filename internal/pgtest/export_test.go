package pgtest

import (
	"fmt"
	"io"
)

// Orphan starts a server, writes its directory, and waits to be killed.
func Orphan(w io.Writer) {
	s, err := newServer(nil)
	if err == nil {
		err = s.start()
	}
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(w, s.dir)
	select {}
}
