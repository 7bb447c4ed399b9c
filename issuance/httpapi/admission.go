package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/throttle"
)

// BodyTimeout bounds the time in which a body arrives, from the end of the
// headers. An honest body has at most 16 KiB and arrives with its headers or one
// round trip later.
const BodyTimeout = 2 * time.Second

// Defaults of the places. The numbers are our choice.
const (
	// DefaultMaxInFlight is how many passengers' requests one issuer serves at once:
	// twice the face checks that may wait.
	DefaultMaxInFlight = 256
	// DefaultMaxStaff is how many staff requests it serves besides those.
	DefaultMaxStaff = 256
	// bodiesPerPlace is how many bodies may arrive at once for each place: 2,048 by
	// default, which take at most 32 MiB.
	bodiesPerPlace = 8
	// networkBodies is the share of them that one network may have, as 1 in so many.
	networkBodies = 4
)

// threeQuarters is the share of the places that one origin may take by default:
// a station hall behind one address needs most of them, and no origin gets all.
func threeQuarters(all int) int { return (3*all + 3) / 4 }

// class is a kind of requests with places of its own.
type class struct {
	name    string // a metric label
	bodies  *pool  // requests whose body is arriving
	serving *pool  // requests whose body is here, or that have none
}

// classes are all there are. Staff have places of their own, so that a flood of
// other requests cannot keep them from revoking; so has the real-person provider,
// for whose calls other requests wait.
type classes struct{ passengers, staff, callbacks class }

func newClasses(c Config) classes {
	bodies := newPool(bodiesPerPlace*c.MaxInFlight, bodiesPerPlace*c.MaxInFlight/networkBodies)
	staff, callbacks := bodiesPerPlace*c.MaxStaff, bodiesPerPlace*MaxCallbacks
	return classes{
		passengers: class{"passengers", bodies, newPool(c.MaxInFlight, c.MaxInFlightEach)},
		staff:      class{"staff", newPool(staff, threeQuarters(staff)), newPool(c.MaxStaff, threeQuarters(c.MaxStaff))},
		callbacks:  class{"callbacks", newPool(callbacks, callbacks), newPool(MaxCallbacks, MaxCallbacks)},
	}
}

// classOf judges a request by its head alone: its path, its staff credential and the
// network that it comes from.
func (a *API) classOf(r *http.Request, from throttle.Caller) (class, origin) {
	if r.URL.Path == callbackPath {
		return a.classes.callbacks, origin{network: from}
	}
	if name, known := a.staff.Recognize(r.Header.Values("Authorization")); known {
		return a.classes.staff, origin{staff: name}
	}
	return a.classes.passengers, origin{network: from}
}

// admit reads the request's body and only then takes a place for the request, so
// that a body that arrives slowly holds no place. It returns the request with its
// body in memory, and how to give the place back; or false after it has answered.
func (a *API) admit(rec *responseRecorder, r *http.Request) (_ *http.Request, leave func(), ok bool) {
	in, from := a.classOf(r, rec.from)
	if r.Body != nil && r.Body != http.NoBody {
		arrived, ok := in.bodies.enter(from)
		if !ok {
			refuseUnread(rec, Overloaded)
			return nil, nil, false
		}
		bound := int64(MaxBody)
		if from.staff != "" && r.URL.Path == subjectsPath {
			bound = MaxSubjectsBody
		}
		body, err := readBody(rec, r, bound)
		arrived()
		if err != nil {
			refuseUnread(rec, BodySlow)
			return nil, nil, false
		}
		r = r.WithContext(r.Context()) // a copy: the server keeps its own body
		r.Body = body
	}
	leave, ok = in.serving.enter(from)
	if !ok {
		newProblem(Overloaded, "").write(rec)
	}
	return r, leave, ok
}

// refuseUnread answers a request whose body was not read to its end. The
// connection closes: the server would otherwise wait for the rest of the body.
func refuseUnread(rec *responseRecorder, code problem.Code) {
	rec.Header().Set("Connection", "close")
	newProblem(code, "").write(rec)
}

// readBody reads a body within BodyTimeout, and of one that is too large just
// enough to show it. Its one error is that time ran out; a body that breaks off
// breaks off for its reader, too.
func readBody(rec *responseRecorder, r *http.Request, bound int64) (io.ReadCloser, error) {
	// The server ends the deadline itself once the body has ended. A writer without
	// deadlines is no connection, so that nothing arrives slowly.
	http.NewResponseController(rec.ResponseWriter).SetReadDeadline(time.Now().Add(BodyTimeout))
	// What is read grows with what has arrived, not with what was announced.
	body, err := io.ReadAll(io.LimitReader(r.Body, bound+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, err
	case err != nil:
		return io.NopCloser(io.MultiReader(bytes.NewReader(body), broken{err})), nil
	case int64(len(body)) > bound:
		rec.Header().Set("Connection", "close") // the rest is not read
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

// broken is the end of a body that broke off.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// callbackPath is where the real-person provider calls back.
const callbackPath = "/v1/face-check/callback"

// MaxCallbacks is how many callbacks are served at once. They have places of their
// own, and few: the requests that wait for them hold the others, and who floods
// this path shall not get those. Ours: an honest one takes about a millisecond.
const MaxCallbacks = 16

// origin is who a request is counted for: a staff credential, or the network that
// the request comes from. It is a map key only and is never printed.
type origin struct {
	staff   string // the credential's name; empty: not staff
	network throttle.Caller
}

// pool bounds the requests in one stage, in all and for each origin, so that no
// origin fills it alone. It is safe for many goroutines at once.
type pool struct {
	all, each int
	shed      atomic.Uint64 // requests that found no room

	mu    sync.Mutex
	taken int            // mu
	of    map[origin]int // mu; origins without a request are not in it
}

func newPool(all, each int) *pool {
	return &pool{all: all, each: min(each, all), of: make(map[origin]int)}
}

// enter takes one place and returns how to give it back, once. It does not wait:
// without room it returns false and counts the request as shed.
func (p *pool) enter(from origin) (leave func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken >= p.all || p.of[from] >= p.each {
		p.shed.Add(1)
		return nil, false
	}
	p.taken++
	p.of[from]++
	return func() { p.leave(from) }, true
}

func (p *pool) leave(from origin) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if p.of[from]--; p.of[from] == 0 {
		delete(p.of, from)
	}
}

// inside is how many requests are in the stage.
func (p *pool) inside() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}
