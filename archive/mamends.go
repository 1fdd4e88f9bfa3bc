package archive

import (
	"sync"

	"salon.im/salon/wire"
)

// maxEnds bounds the archives of which a Reader remembers the ends of the last page.
const maxEnds = 1000

// pageEnds are the first and the last row of the page that an archive's last query got. Who pages on names one of them, which
// therefore need not be looked for: a fifth of what a page costs. One that was deleted since is where it was all the same.
type pageEnds struct {
	mu sync.Mutex // a leaf
	of map[wire.Addr][2]int64
}

// note remembers the ends of a page. At the bound another archive, any, is forgotten.
func (e *pageEnds) note(owner wire.Addr, first, last int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.of == nil {
		e.of = map[wire.Addr][2]int64{}
	}
	if _, ok := e.of[owner]; !ok {
		for other := range e.of {
			if len(e.of) < maxEnds {
				break
			}
			delete(e.of, other)
		}
		owner = owner.Clone()
	}
	e.of[owner] = [2]int64{first, last}
}

// has reports whether all of the ids are ends of the archive's last page.
func (e *pageEnds) has(owner wire.Addr, ids []int64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	ends := e.of[owner]
	for _, id := range ids {
		if id != ends[0] && id != ends[1] {
			return false
		}
	}
	return len(ids) > 0
}
