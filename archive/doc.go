// Package archive decides what is kept of the messages that pass, gives each row its id, and commits rows in groups.
//
// A Writer is the one writer of a store. Callers queue rows with Append or TryAppend; whatever is queued while one
// transaction commits goes into the next. The answer comes through a function that each caller brings along:
//
//	w, err := archive.Open(ctx, store, archive.Options{})
//	rows := []storage.Row{{Owner: juliet, Peer: romeo, Kind: storage.RowChat, Stanza: bytes}}
//	err = w.Append(ctx, rows, func(r archive.Result) {
//		// r.Err is nil: the rows are durable, and may be delivered and acknowledged.
//	})
//
// Ids are positive, sort by time and are assigned in the order of the queue, which is the order of the commits: who reads
// an archive sees a prefix of it, never a hole that is filled later.
//
// A Keeper deletes what is older than its archive keeps, and spares what is under hold. An Indexer adds the words of new rows
// to the store's index (XEP-0431). Pseudonyms stand for a person who is erased from the archives of rooms.
//
// Open starts two goroutines, the writer and the completer, and the first batch a third, which calls the store; Close ends
// them. Keeper.Run and Indexer.Run are each the work of a goroutine that the server starts. All else is free of goroutines:
// the storing rules (Store, Offline, StoreRoom), queries (Reader, Request), the reads (Before, Undelivered),
// what ids look like in stanzas (IDs) and Origin.
//
// Specifications: XEP-0313 §6.1 (1.1.3), XEP-0334 (1.0.0), XEP-0160 §3 (1.0.1), XEP-0359 (0.7.0).
package archive
