package crash

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/railgate/railgate/test/idnumber"
)

// crowd is the people who ask now. Whoever has used up a quota makes room.
type crowd struct {
	seed uint64

	mu     sync.Mutex
	born   int       // mu; people so far
	people []*person // mu
}

// theCrowd is small against the phones, so that people meet themselves.
const theCrowd = 16

// person is somebody with one phone or more.
type person struct {
	name, number string

	mu    sync.Mutex
	login string   // mu; login name of the account; empty: none
	token string   // mu; of the login; empty: not logged in
	mine  []*thing // mu; applications, the newest last
}

// thing is an application as a phone knows it.
type thing struct {
	application string
	account     bool   // the login opens it
	token       string // access token; empty: of a login's, or the page was left
	serial      string
	waits       bool // it was checked and is not decided
	checks      []string
	sessions    []string
}

func newCrowd(seed uint64) *crowd {
	c := &crowd{seed: seed}
	for range theCrowd {
		c.people = append(c.people, c.someone())
	}
	return c
}

// someone is the next person there never was; c.mu is held, or c is nobody else's.
func (c *crowd) someone() *person {
	c.born++
	return &person{name: "测试甲", number: numberOf(c.born)}
}

// numberOf is a valid number of nobody: region, birth date, a count, check digit.
func numberOf(n int) string {
	return idnumber.Complete(fmt.Sprintf("110105%04d01%02d%03d", 1950+n/1000/28%50, 1+n/1000%28, n%1000))
}

func (c *crowd) draw(r *rand.Rand) *person {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.people[r.IntN(len(c.people))]
}

// registrant is a person who will do nothing but hold an account.
func (c *crowd) registrant() *person {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.someone()
}

// spent lets another person come in place of one whose quota is used up.
func (c *crowd) spent(p *person) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.people {
		if c.people[i] == p {
			c.people[i] = c.someone()
		}
	}
}

// pick copies one of the last applications, as it is now.
func (p *person) pick(r *rand.Rand) (t thing, login string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.mine) == 0 {
		return thing{}, "", false
	}
	last := p.mine[len(p.mine)-1]
	if len(p.mine) > 1 && r.IntN(5) == 0 {
		last = p.mine[len(p.mine)-2]
	}
	return *last, p.token, true
}

// change changes an application that the person still remembers.
func (p *person) change(application string, f func(*thing)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.mine {
		if t.application == application {
			f(t)
		}
	}
}

// remember adds an application, and forgets all but a few.
func (p *person) remember(t *thing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	const few = 3
	if p.mine = append(p.mine, t); len(p.mine) > few {
		p.mine = p.mine[1:]
	}
}

// forget drops an application from the phone.
func (p *person) forget(application string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mine = slices.DeleteFunc(p.mine, func(t *thing) bool { return t.application == application })
}

// bearer is what opens an application: its own token, or the login.
func (t *thing) bearer(login string) string {
	if t.account {
		return login
	}
	return t.token
}
