package hardware

import (
	"reflect"
	"sync/atomic"
	"testing"
	"time"
)

// TestSlowSource: a driver that hangs costs nobody more than their patience, is
// not asked twice, and what it tells late is seen the next time.
func TestSlowSource(t *testing.T) {
	release := make(chan struct{})
	var asked atomic.Int32
	w := newWatch(time.Hour,
		source{"quick", func() []GPU { return []GPU{{Name: "A", Vendor: "AMD", PCI: "0000:01:00.0"}} }},
		source{"hangs", func() []GPU {
			asked.Add(1)
			<-release
			return []GPU{{Name: "B", Vendor: "Intel", PCI: "0000:02:00.0"}}
		}})
	for range 3 {
		start := time.Now()
		if got := w.list(t.Context(), 20*time.Millisecond); len(got) != 1 || got[0].Name != "A" {
			t.Fatalf("%+v", got)
		}
		if waited := time.Since(start); waited > 10*time.Second {
			t.Errorf("waited %v", waited)
		}
	}
	close(release)
	if got := w.list(t.Context(), time.Minute); len(got) != 2 || got[1].Name != "B" {
		t.Errorf("%+v", got)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestNewsGrowOld: sources are asked again, and until they tell what they told
// before counts.
func TestNewsGrowOld(t *testing.T) {
	var asked atomic.Int32
	release := make(chan struct{})
	w := newWatch(0, source{"x", func() []GPU {
		if asked.Add(1) > 1 {
			<-release
		}
		return []GPU{{Name: "A", Free: int64(asked.Load())}}
	}})
	if got := w.list(t.Context(), time.Minute); len(got) != 1 || got[0].Free != 1 {
		t.Errorf("%+v", got)
	}
	if got := w.list(t.Context(), time.Millisecond); len(got) != 1 || got[0].Free != 1 {
		t.Errorf("while it is asked again: %+v", got)
	}
	close(release)
	if got := w.list(t.Context(), time.Minute); len(got) != 1 || got[0].Free < 2 {
		t.Errorf("asked again: %+v", got)
	}
}

func TestInclude(t *testing.T) {
	for name, tc := range map[string]struct{ told, want []GPU }{
		"two cards of a kind": {
			[]GPU{
				{Name: "NVIDIA L4", Vendor: "NVIDIA", PCI: "0000:01:00.0", Memory: 10, Free: 9, API: "cuda"},
				{Name: "NVIDIA L4", Vendor: "NVIDIA", PCI: "0000:02:00.0", Memory: 10, Free: 8, API: "cuda"},
				{Name: "NVIDIA graphics (27b8)", Vendor: "NVIDIA", PCI: "0000:01:00.0", Driver: "nvidia"},
				{Name: "NVIDIA L4", Vendor: "NVIDIA", PCI: "0000:02:00.0", Memory: 10, API: "vulkan"},
			},
			[]GPU{
				{Name: "NVIDIA L4", Vendor: "NVIDIA", PCI: "0000:01:00.0", Memory: 10, Free: 9, API: "cuda", Driver: "nvidia"},
				{Name: "NVIDIA L4", Vendor: "NVIDIA", PCI: "0000:02:00.0", Memory: 10, Free: 8, API: "cuda"},
			}},
		"no addresses": {
			[]GPU{
				{Name: "NVIDIA GeForce RTX 4070", Vendor: "NVIDIA", PCI: "0000:01:00.0", Memory: 12, API: "cuda"},
				{Name: "NVIDIA GeForce RTX 4070", Vendor: "NVIDIA", Memory: 12, Free: 11, API: "dxgi"},
				{Name: "Intel(R) Iris(R) Xe Graphics", Vendor: "Intel", Memory: 8, Shares: true, API: "dxgi"},
			},
			[]GPU{
				{Name: "NVIDIA GeForce RTX 4070", Vendor: "NVIDIA", PCI: "0000:01:00.0", Memory: 12, Free: 11, API: "cuda"},
				{Name: "Intel(R) Iris(R) Xe Graphics", Vendor: "Intel", Memory: 8, Shares: true, API: "dxgi"},
			}},
		"a name and memory from Vulkan": {
			[]GPU{
				{Name: "Intel graphics (46a6)", Vendor: "Intel", PCI: "0000:00:02.0", Driver: "i915"},
				{Name: "Intel(R) Iris(R) Xe Graphics (ADL GT2)", Vendor: "Intel", PCI: "0000:00:02.0", Memory: 8, Free: 7, Shares: true, Driver: "Mesa", API: "vulkan"},
			},
			[]GPU{{Name: "Intel(R) Iris(R) Xe Graphics (ADL GT2)", Vendor: "Intel", PCI: "0000:00:02.0", Memory: 8, Free: 7, Shares: true, Driver: "i915", API: "vulkan"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []GPU
			for _, g := range tc.told {
				got = include(got, g)
			}
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got  %+v\nwant %+v", got, tc.want)
			}
		})
	}
}

func TestParseAddress(t *testing.T) {
	for in, want := range map[string]string{
		"0000:01:00.0": "0000:01:00.0", "00000000:C1:00.0": "0000:c1:00.0", "0001:0a:1f.7": "0001:0a:1f.7", "": "", "1:2": "", "x:1:2.3": "",
	} {
		if got := parseAddress(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
