package xmpptest

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"

	"salon.im/salon/server"
)

var (
	rowForm = regexp.MustCompile(`\{(row|plain) ([a-z][a-z0-9-]*)\}`)
	// idDigits is the alphabet of archive ids.
	idDigits = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)
)

// fillRows replaces {row NAME} and {plain NAME}: what somebody would try who has seen an archive id, or who knows the time.
func (r *run) fillRows(s string) (string, error) {
	var failed error
	s = rowForm.ReplaceAllStringFunc(s, func(p string) string {
		m := rowForm.FindStringSubmatch(p)
		id, err := r.row(m[2])
		if err != nil {
			failed = fmt.Errorf("%s: %w", p, err)
		}
		if m[1] == "row" {
			return strconv.FormatInt(id, 10)
		}
		return idDigits.EncodeToString(binary.BigEndian.AppendUint64(make([]byte, 8), uint64(id)))
	})
	return s, failed
}

// row returns the number of the row that a captured archive id names.
func (r *run) row(name string) (int64, error) {
	ids, err := server.ArchiveIDs(r.s.Cfg)
	if err != nil {
		return 0, err
	}
	return ids.Parse(r.vars[name])
}
