package crash

import (
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/railgate/railgate/test/harness/passenger"
)

// people are those who use the issuer now. A person with a used-up quota is replaced.
type people struct {
	seed uint64

	mu      sync.Mutex
	made    int       // mu; people so far
	present []*person // mu
}

// peopleAtOnce is small against the number of clients, so that people meet themselves.
const peopleAtOnce = 16

// person is one of them; several clients may act for a person at once.
type person struct {
	passenger.Person

	mu    sync.Mutex
	login string  // mu; login name of the account; empty: none
	token string  // mu; of the login; empty: not logged in
	pages []*page // mu; applications, the newest last
}

// page is an application as the person's phone knows it.
type page struct {
	application string
	account     bool   // the login opens it
	token       string // access token; empty: of a login's, or the page was left
	serial      string
	waits       bool // it was checked and is not decided
	checks      []string
	sessions    []string
}

func newPeople(seed uint64) *people {
	c := &people{seed: seed}
	for range peopleAtOnce {
		c.present = append(c.present, c.next())
	}
	return c
}

// next makes another person; c.mu is held, or c is not shared yet.
func (c *people) next() *person {
	c.made++
	return &person{Person: passenger.Resident(passenger.Tests, c.made)}
}

func (c *people) draw(r *rand.Rand) *person {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.present[r.IntN(len(c.present))]
}

// registrant is a person who does nothing but have an account.
func (c *people) registrant() *person {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next()
}

// replace lets another person come in place of one whose quota is used up.
func (c *people) replace(p *person) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.present {
		if c.present[i] == p {
			c.present[i] = c.next()
		}
	}
}

// pick copies one of the last applications, as it is now.
func (p *person) pick(r *rand.Rand) (t page, login string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pages) == 0 {
		return page{}, "", false
	}
	last := p.pages[len(p.pages)-1]
	if len(p.pages) > 1 && r.IntN(5) == 0 {
		last = p.pages[len(p.pages)-2]
	}
	return *last, p.token, true
}

// change changes an application that the person still remembers.
func (p *person) change(application string, f func(*page)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.pages {
		if t.application == application {
			f(t)
		}
	}
}

// remember adds an application, and forgets all but a few.
func (p *person) remember(t *page) {
	p.mu.Lock()
	defer p.mu.Unlock()
	const few = 3
	if p.pages = append(p.pages, t); len(p.pages) > few {
		p.pages = p.pages[1:]
	}
}

// forget drops an application from the phone.
func (p *person) forget(application string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages = slices.DeleteFunc(p.pages, func(t *page) bool { return t.application == application })
}

// bearer is what opens an application: its own token, or the login.
func (t *page) bearer(login string) string {
	if t.account {
		return login
	}
	return t.token
}
