package crash

import (
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/railgate/railgate/test/harness/passenger"
)

// people are the current users of the issuer. A person with a used-up quota is replaced.
type people struct {
	seed uint64

	mu      sync.Mutex
	made    int       // mu; number of people so far
	present []*person // mu
}

// peopleAtOnce is small compared to the number of clients: several clients act for the same person.
const peopleAtOnce = 16

// person is one of them; several clients may act for a person concurrently.
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
	account     bool   // used with the login
	token       string // access token; empty: used with a login, or the page was left
	serial      string
	waits       bool // checked and not decided
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

// next returns a new person; it needs c.mu unless c is not shared yet.
func (c *people) next() *person {
	c.made++
	return &person{Person: passenger.Resident(passenger.Tests, c.made)}
}

func (c *people) draw(r *rand.Rand) *person {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.present[r.IntN(len(c.present))]
}

// registrant returns a new person who only has an account.
func (c *people) registrant() *person {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next()
}

// replace replaces a person whose quota is used up.
func (c *people) replace(p *person) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.present {
		if c.present[i] == p {
			c.present[i] = c.next()
		}
	}
}

// pick returns a copy of one of the last applications.
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

// remember adds an application, and keeps only the last few.
func (p *person) remember(t *page) {
	p.mu.Lock()
	defer p.mu.Unlock()
	const few = 3
	if p.pages = append(p.pages, t); len(p.pages) > few {
		p.pages = p.pages[1:]
	}
}

// forget removes an application from the phone.
func (p *person) forget(application string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages = slices.DeleteFunc(p.pages, func(t *page) bool { return t.application == application })
}

// bearer returns the token for an application: its own, or the login's.
func (t *page) bearer(login string) string {
	if t.account {
		return login
	}
	return t.token
}
