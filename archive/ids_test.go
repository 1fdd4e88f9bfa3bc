package archive_test

import (
	"bytes"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/wire"
)

// ids are those of the archives in these tests.
var ids = keyed(bytes.Repeat([]byte("k"), 32))

func keyed(key []byte) archive.IDs {
	c, err := archive.NewIDs(key)
	if err != nil {
		panic(err)
	}
	return c
}

// base32hex is the alphabet of ids.
var base32hex = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// plain is an id that was written without a key: zeros and the number.
func plain(id int64) string {
	return base32hex.EncodeToString(binary.BigEndian.AppendUint64(make([]byte, 8), uint64(id)))
}

// sampleIDs are ids at the bounds and in between.
var sampleIDs = []int64{1, 31, 32, 1 << 12, 1 << 22, archive.TimeID(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)), 1<<62 + 3, 1<<63 - 1}

// XEP-0313 §3: what is written is read again, with that key alone.
func TestIDsRoundTrip(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-v]{25}[048cgkos]$`)
	others := []archive.IDs{keyed(bytes.Repeat([]byte("l"), 32)), keyed(bytes.Repeat([]byte("k"), 16))}
	for i, id := range sampleIDs {
		text := ids.Text(id)
		if got, err := ids.Parse(text); err != nil || got != id || !form.MatchString(text) {
			t.Errorf("%d: %q is %d, %v", i, text, got, err)
		}
		if again := string(ids.Append([]byte("before "), id)); again != "before "+text || text != ids.Text(id) {
			t.Errorf("%d: %q, appended %q", i, text, again)
		}
		for k, other := range others {
			if got, err := other.Parse(text); !errors.Is(err, archive.ErrID) {
				t.Errorf("%d: the key %d reads %d, %v", i, k, got, err)
			}
		}
	}
}

// The texts are stored by clients, and in notices here: they never change.
func TestIDsAreStable(t *testing.T) {
	const want = "58au9pma7039br9f58nepplof4" // AES-256 by OpenSSL
	if got := keyed([]byte("0123456789abcdef0123456789abcdef")).Text(1 << 40); got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

// Neighbours have nothing in common: about half of the bits differ, in every place, and the order is none.
func TestIDsTellNothing(t *testing.T) {
	const n = 4096
	first := archive.TimeID(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	var flips [128]int
	grows := 0
	last, _ := base32hex.DecodeString(ids.Text(first - 1))
	for i := range int64(n) {
		block, err := base32hex.DecodeString(ids.Text(first + i))
		if err != nil {
			t.Fatal(err)
		}
		for bit := range flips {
			flips[bit] += int((block[bit/8] ^ last[bit/8]) >> (bit % 8) & 1)
		}
		if bytes.Compare(block, last) > 0 {
			grows++
		}
		last = block
	}
	const margin = 6 * 32 // six times the deviation of n throws, √n/2
	for bit, count := range flips {
		if count < n/2-margin || count > n/2+margin {
			t.Errorf("bit %d differs in %d of %d neighbours", bit, count, n)
		}
	}
	if grows < n/2-margin || grows > n/2+margin {
		t.Errorf("%d of %d texts sort behind their neighbours", grows, n)
	}
}

// Nobody makes an id: not by writing the number, not by changing or cutting a real one.
func TestIDsRefuse(t *testing.T) {
	real := ids.Text(sampleIDs[5])
	bad := map[string]string{"empty": "", "short": real[:25], "long": real + "0", "upper case": strings.ToUpper(real), "a space": " " + real[:25],
		"a line break": real[:13] + "\n" + real[13:], "a line break in the place of a digit": real[:25] + "\n", "padded": real + "======",
		"another alphabet": real[:25] + "w", "UTF-8": real[:24] + "\u00e9", "zeros": strings.Repeat("0", 26), "what a client makes up": "28482-98726-73623",
		"0": ids.Text(0), "-1": ids.Text(-1), "the lowest": ids.Text(-1 << 63)}
	for i, id := range sampleIDs {
		bad[fmt.Sprint("plain ", i)] = plain(id)
		bad[fmt.Sprint("decimal ", i)] = fmt.Sprint(id)
		bad[fmt.Sprint("13 digits ", i)] = plain(id)[13:]
	}
	for place := range real {
		const digits = "0123456789abcdefghijklmnopqrstuv"
		for _, c := range digits {
			if altered := real[:place] + string(c) + real[place+1:]; altered != real { // of the last digit: the two bits that hold nothing too
				bad[fmt.Sprint(altered, place)] = altered
			}
		}
	}
	for why, text := range bad {
		if id, err := ids.Parse(text); !errors.Is(err, archive.ErrID) {
			t.Errorf("%s: %q is %d, %v", why, text, id, err)
		}
	}
	if len(bad) < 26*31 {
		t.Errorf("%d texts", len(bad))
	}
}

// XEP-0359 §3.1: the id, and who gave it, whatever characters its address has.
func TestStanzaID(t *testing.T) {
	by := wire.MustAddr(`hall@rooms.example/"Al" & <Bo>`)
	got := string(ids.StanzaID(by, 7))
	want := string(wire.NewWriter().Start("urn:xmpp:sid:0", "stanza-id").Attr("by", by.String()).Attr("id", ids.Text(7)).Payload())
	if got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

func TestIDsKey(t *testing.T) {
	for n := range 65 {
		_, err := archive.NewIDs(make([]byte, n))
		if good := n == 16 || n == 32; good != (err == nil) || !good && !strings.Contains(err.Error(), "it needs 16 or 32") {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestIDsAllocations(t *testing.T) {
	b := make([]byte, 0, 26)
	if n := testing.AllocsPerRun(100, func() { b = ids.Append(b[:0], 1<<40) }); n != 0 {
		t.Errorf("Append: %v allocations", n)
	}
}

func BenchmarkIDs(b *testing.B) {
	text, buf := ids.Text(1<<40), make([]byte, 0, 26)
	b.Run("Append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = ids.Append(buf[:0], 1<<40)
		}
	})
	b.Run("Text", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ids.Text(1 << 40)
		}
	})
	b.Run("Parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ids.Parse(text); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// What Parse takes is what Append writes, whoever sends it.
func FuzzIDs(f *testing.F) {
	for _, id := range sampleIDs {
		f.Add(ids.Text(id), id)
		f.Add(plain(id), -id)
	}
	f.Add("28482-98726-73623", int64(0))
	f.Add(ids.Text(1)[:25]+"\n", int64(1))
	f.Fuzz(func(t *testing.T, text string, id int64) {
		if got, err := ids.Parse(text); err == nil && (got <= 0 || ids.Text(got) != text) || err != nil && (!errors.Is(err, archive.ErrID) || len(err.Error()) > 400) {
			t.Errorf("%q is %d, %v", text, got, err)
		}
		if got, err := ids.Parse(ids.Text(id)); id > 0 && (err != nil || got != id) || id <= 0 && !errors.Is(err, archive.ErrID) {
			t.Errorf("%d is %d, %v", id, got, err)
		}
	})
}
