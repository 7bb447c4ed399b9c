package httpapi

import (
	"sync"
	"sync/atomic"

	"github.com/railgate/railgate/issuance/throttle"
)

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
