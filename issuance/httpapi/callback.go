package httpapi

import "net/http"

// callbackPath is where the real-person provider calls back.
const callbackPath = "/v1/real-person/callback"

// MaxCallbacks is how many callbacks are served at once. They have places of their
// own, and few: the requests that wait for them hold the others, and who floods
// this path shall not get those. Ours: an honest one takes about a millisecond.
const MaxCallbacks = 16

// calledBack hands on to the provider's package: its requests and answers are
// signed and are no problems of ours.
func (a *API) calledBack(w http.ResponseWriter, r *http.Request) error {
	a.callback.ServeHTTP(w, r)
	return nil
}
