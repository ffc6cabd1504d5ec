package app

// Activity tells what goes on now, and what has ended in this session.
func (a *App) Activity() (Activity, error) {
	return call(a, func(o *opened) (Activity, error) { return o.core.Activity(o.ctx), nil })
}
