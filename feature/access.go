package feature

import (
	"context"
	"errors"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// sees reports whether asker may know of owner's presence: it is the owner, or a contact that the owner lets see it, which
// is a subscription "from" or "both" (RFC 6121 §2.1.2.5). owner is bare; it may block on storage.
func sees(ctx context.Context, rosters storage.Rosters, owner, asker wire.Addr) (bool, error) {
	if asker.Bare() == owner {
		return true, nil
	}
	item, err := rosters.RosterItem(ctx, owner, asker.Bare())
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return item.Subscription == storage.SubFrom || item.Subscription == storage.SubBoth, err
}
