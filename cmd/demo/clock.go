package main

import (
	"sync/atomic"
	"time"
)

// clock is the time that every part of the demo judges by. It runs as real time
// does; the story moves it forward instead of waiting for minutes and hours.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return c.at(time.Now()) }

func (c *clock) at(t time.Time) time.Time { return t.Add(time.Duration(c.ahead.Load())) }

func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }
