//go:build !linux

package passage

// adviseHugePages does nothing on this platform.
func adviseHugePages([]block) {}
