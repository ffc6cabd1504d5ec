package hardware

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/jaypipes/ghw"
)

// systemSources are asked for graphics processors; earlier ones are believed.
func systemSources() []source {
	return []source{
		{"nvidia", func() []GPU { return askNVIDIA() }},
		{"pci", func() []GPU { return pciDisplays("/", pciNames) }},
		{"vulkan", func() []GPU {
			// Without a device to render with, all that Vulkan could have is software.
			if nodes, _ := filepath.Glob("/dev/dri/renderD*"); len(nodes) == 0 {
				return nil
			}
			return askVulkan(vulkanLibraries()...)
		}},
	}
}

// pciNames are the names of cards by their address, as far as this machine has a
// list of names.
func pciNames() map[string]string {
	names := map[string]string{}
	info, err := ghw.GPU(ghw.WithDisableWarnings())
	if err != nil {
		return names
	}
	for _, card := range info.GraphicsCards {
		if d := card.DeviceInfo; d != nil && d.Product != nil {
			names[card.Address] = d.Product.Name
		}
	}
	return names
}

// pciDisplays lists display controllers as the kernel sees them. AMD's driver
// tells their memory.
func pciDisplays(root string, names func() map[string]string) []GPU {
	read := func(dir, name string) string {
		b, _ := os.ReadFile(filepath.Join(dir, name))
		return strings.TrimSpace(string(b))
	}
	var found []GPU
	var known map[string]string
	dirs, _ := filepath.Glob(filepath.Join(root, "sys/bus/pci/devices/*"))
	for _, dir := range dirs {
		if !strings.HasPrefix(read(dir, "class"), "0x03") {
			continue
		}
		vendor := vendors[hexadecimal(read(dir, "vendor"))]
		if vendor == "" {
			continue // virtual displays cannot compute
		}
		if known == nil {
			known = names()
		}
		g := GPU{Vendor: vendor, PCI: parseAddress(filepath.Base(dir))}
		for _, name := range []string{read(dir, "product_name"), known[filepath.Base(dir)]} {
			if g.Name == "" {
				g.Name = name
			}
		}
		switch {
		case g.Name == "":
			g.Name = vendor + " graphics (" + strings.TrimPrefix(read(dir, "device"), "0x") + ")"
		case !strings.HasPrefix(g.Name, vendor):
			g.Name = vendor + " " + g.Name
		}
		if link, err := os.Readlink(filepath.Join(dir, "driver")); err == nil {
			g.Driver = filepath.Base(link)
		}
		g.amdMemory(func(name string) int64 { return number(filepath.Join(dir, "mem_info_"+name)) })
		found = append(found, g)
	}
	return found
}

// smallVRAM is less than cards for computing have: processors with graphics set
// so little aside and take the rest of the machine's memory, which amdgpu calls
// GTT, as it is needed.
const smallVRAM = 4 << 30

func (g *GPU) amdMemory(info func(name string) int64) {
	g.Memory = info("vram_total")
	if g.Memory == 0 {
		return
	}
	g.Free = max(0, g.Memory-info("vram_used"))
	if gtt := info("gtt_total"); g.Memory < smallVRAM && gtt > g.Memory {
		g.Memory += gtt
		g.Free += max(0, gtt-info("gtt_used"))
		g.Shares = true
	}
}

// hexadecimal reads 0x10de; 0 for anything else.
func hexadecimal(s string) uint32 {
	var n uint32
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok || len(digits) > 8 {
		return 0
	}
	for _, c := range []byte(digits) {
		at := strings.IndexByte("0123456789abcdef", c)
		if at < 0 {
			return 0
		}
		n = n<<4 | uint32(at)
	}
	return n
}
