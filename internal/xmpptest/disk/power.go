package disk

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// sector is what a disk writes whole or not at all, in bytes.
const sector = 512

// image is what a file would be after a power cut: what was flushed, and some of what was written since.
type image struct {
	flushed []byte
	since   []change
}

// change is a write that was not flushed.
type change struct {
	data   []byte
	offset int64
}

// image makes the image of a file that is opened, which begins with what is in the file.
func (d *Disk) image(path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.images == nil || d.images[path] != nil {
		return
	}
	data, _ := os.ReadFile(path) // a new file is empty
	d.images[path] = &image{flushed: data}
}

func (d *Disk) forget(path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.images, path)
}

func (d *Disk) written(path string, data []byte, offset int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := d.images[path]; i != nil {
		i.since = append(i.since, change{slices.Clone(data), offset}) // data is SQLite's
	}
}

func (d *Disk) flushed(path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := d.images[path]; i != nil {
		for _, c := range i.since {
			i.flushed = c.apply(i.flushed)
		}
		i.since = nil
	}
}

func (c change) apply(file []byte) []byte {
	if grow := int(c.offset) + len(c.data) - len(file); grow > 0 {
		file = append(file, make([]byte, grow)...)
	}
	copy(file[c.offset:], c.data)
	return file
}

// PowerCut writes into a directory what the files of the disk would be if the power failed now: of what was written and not
// flushed, some sectors are there and some are not. The disk itself goes on. Names that SQLite deleted count as gone.
func (d *Disk) PowerCut(dir string, luck *rand.Rand) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for path, i := range d.images {
		data := append([]byte(nil), i.flushed...)
		for _, c := range i.since {
			for at := 0; at < len(c.data); at += sector {
				if luck.IntN(2) == 0 {
					data = change{c.data[at:min(at+sector, len(c.data))], c.offset + int64(at)}.apply(data)
				}
			}
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
