package router

import "context"

// DeliverMessage is the last two stages of a message's walk.
func (r *Router) DeliverMessage(ctx context.Context, w *Walk) { r.deliverMessage(ctx, w) }
