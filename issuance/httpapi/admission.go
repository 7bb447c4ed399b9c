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

// BodyTimeout bounds the time from the end of the headers to the end of the body. A
// normal body has at most 16 KiB and arrives with its headers or one round trip later.
const BodyTimeout = 2 * time.Second

// Default numbers of slots. They are our choice.
const (
	// DefaultMaxInFlight is the number of concurrent passenger requests: twice the
	// concurrent face checks.
	DefaultMaxInFlight = 256
	// DefaultMaxStaff is the number of concurrent staff requests, counted apart.
	DefaultMaxStaff = 256
	// bodiesPerSlot is the number of bodies that may arrive concurrently per slot: 2,048
	// by default, which use at most 32 MiB.
	bodiesPerSlot = 8
	// networkBodies is the divisor for the share of those bodies of one network: a
	// quarter.
	networkBodies = 4
)

// threeQuarters is the default share of the slots for one origin: a station hall behind
// one address needs most of them, and no origin gets all.
func threeQuarters(all int) int { return (3*all + 3) / 4 }

// class is a kind of request with slots of its own.
type class struct {
	name    string // metric label
	bodies  *pool  // requests whose body is arriving
	serving *pool  // requests whose body has arrived, or that have none
}

// classes are all classes. Staff have slots of their own, so that a flood of other
// requests cannot prevent a revocation. The face-check provider has its own because
// passenger requests wait for its callbacks.
// Files of pages have their own because a browser loads dozens at once, and slow networks take long to receive them.
type classes struct{ passengers, staff, callbacks, pages class }

func newClasses(c Config) classes {
	bodies := newPool(bodiesPerSlot*c.MaxInFlight, bodiesPerSlot*c.MaxInFlight/networkBodies)
	staff, callbacks := bodiesPerSlot*c.MaxStaff, bodiesPerSlot*MaxCallbacks
	return classes{
		passengers: class{"passengers", bodies, newPool(c.MaxInFlight, c.MaxInFlightEach)},
		staff:      class{"staff", newPool(staff, threeQuarters(staff)), newPool(c.MaxStaff, threeQuarters(c.MaxStaff))},
		callbacks:  class{"callbacks", newPool(callbacks, callbacks), newPool(MaxCallbacks, MaxCallbacks)},
		pages:      class{"pages", nil, newPool(MaxPages, threeQuarters(MaxPages))},
	}
}

// classOf classifies a request by its path, its staff credential and its network, before
// the body is read.
func (a *API) classOf(r *http.Request, from throttle.Caller) (class, origin) {
	if r.URL.Path == callbackPath {
		return a.classes.callbacks, origin{network: from}
	}
	if name, known := a.staff.Recognize(r.Header.Values("Authorization")); known {
		return a.classes.staff, origin{staff: name}
	}
	return a.classes.passengers, origin{network: from}
}

// admit reads the request's body and then takes a slot for the request: a body that
// arrives slowly uses no slot. It returns the request with its body in memory and the
// function that releases the slot, or false after it has written a problem.
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

// refuseUnread writes a problem for a request whose body was not read to its end. It
// closes the connection: otherwise the server would wait for the rest of the body.
func refuseUnread(rec *responseRecorder, code problem.Code) {
	rec.Header().Set("Connection", "close")
	newProblem(code, "").write(rec)
}

// readBody reads a body of up to bound+1 bytes within [BodyTimeout]: one byte more shows
// that a body is too large. The only error is the timeout. A body that ends early is
// returned with its read error at the end.
func readBody(rec *responseRecorder, r *http.Request, bound int64) (io.ReadCloser, error) {
	// The server clears the deadline after the body. A writer without deadlines is not a
	// connection, so its body cannot be slow.
	http.NewResponseController(rec.ResponseWriter).SetReadDeadline(time.Now().Add(BodyTimeout))
	// Memory grows with the bytes received, not with Content-Length.
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

// broken is the end of a body that ended early.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// callbackPath is the path of the face-check provider's callbacks.
const callbackPath = "/v1/face-check/callback"

// MaxCallbacks bounds the concurrent callbacks. They have slots of their own, because
// requests that wait for a callback occupy the passenger slots. They are few, so that a
// flood of this path uses few resources. Our choice: a callback takes about a millisecond.
const MaxCallbacks = 16

// MaxPages bounds the concurrent requests for files of pages, three quarters of them of one network. Such a request
// uses no database and no memory besides its connection's. Our choice: a few hundred browsers that open a page at once.
const MaxPages = 4096

// servePage serves a file of a page. Its body, which no such request needs, is not read.
func (a *API) servePage(rec *responseRecorder, r *http.Request) {
	rec.label = routePages
	switch {
	case rec.unknown != nil:
		a.writeError(rec, rec.unknown)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		rec.Header().Set("Allow", "GET, HEAD")
		refuseUnread(rec, MethodNotAllowed)
	default:
		leave, ok := a.classes.pages.serving.enter(origin{network: rec.from})
		if !ok {
			newProblem(Overloaded, "").write(rec)
			return
		}
		defer leave()
		a.pages.ServeHTTP(rec, r)
	}
}

// origin identifies the caller that a request is counted for: a staff credential or a
// network. It is used as a map key only and never printed.
type origin struct {
	staff   string // the credential's name; empty: not staff
	network throttle.Caller
}

// pool bounds the concurrent requests in one stage, in total and per origin, so that no
// origin fills it alone. It is safe for concurrent use.
type pool struct {
	all, each int
	shed      atomic.Uint64 // requests refused because the pool was full

	mu    sync.Mutex
	taken int            // guarded by mu
	of    map[origin]int // guarded by mu; has no origins without requests
}

func newPool(all, each int) *pool {
	return &pool{all: all, each: min(each, all), of: make(map[origin]int)}
}

// enter takes one slot and returns the function that releases it, to be called once. It
// does not wait: if the pool is full, it returns false and counts the request as shed.
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

// inside returns the number of requests in the stage.
func (p *pool) inside() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}
