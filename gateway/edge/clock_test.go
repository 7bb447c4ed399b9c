package edge

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestClockIsAtMostOneTickBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock()
		begun := time.Now()
		behind := func() time.Duration { return time.Since(begun) - c.now() }
		time.Sleep(time.Second + time.Millisecond)
		if d := behind(); d != 0 {
			t.Errorf("before run the clock is %v behind", d)
		}
		c.run()
		c.run()
		synctest.Wait()
		for range 100 {
			time.Sleep(37 * time.Millisecond)
			synctest.Wait()
			if d := behind(); d < 0 || d > tick {
				t.Fatalf("the clock is %v behind", d)
			}
		}
		if behind() == 0 {
			time.Sleep(time.Millisecond)
		}
		if behind() == 0 {
			t.Error("the clock asks the system instead of ticking")
		}
		c.stop()
		c.stop()
		synctest.Wait()
		time.Sleep(time.Hour)
		if d := behind(); d != 0 {
			t.Errorf("after stop the clock is %v behind", d)
		}
	})
}
