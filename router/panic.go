package router

import (
	"context"
	"runtime/debug"
)

// Recover ends one unit of work after a panic, which is always a mistake of ours: it is counted and logged, and the process
// goes on. Defer it at the top of whatever runs outside of a Flow: a goroutine, a timer, a hook.
func (r *Router) Recover(unit string) {
	if v := recover(); v != nil {
		r.panicked(unit, v)
	}
}

func (r *Router) panicked(unit string, v any) {
	r.Stats.Panics.Add(1)
	r.o.Log.Error("panic", "unit", unit, "value", v, "stack", string(debug.Stack()))
}

// guarded runs a hook, so that one that fails costs neither its session nor the other hooks. It reports whether it ended
// well.
func (r *Router) guarded(unit string, hook func()) (ok bool) {
	defer r.Recover(unit)
	hook()
	return true
}

// runHooks runs hooks of a session, each on its own.
func (r *Router) runHooks(ctx context.Context, unit string, hooks []func(context.Context, *Resource), res *Resource) (ok bool) {
	ok = true
	for _, f := range hooks {
		ok = r.guarded(unit, func() { f(ctx, res) }) && ok
	}
	return ok
}
