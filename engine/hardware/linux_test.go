//go:build linux

package hardware

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestDisplays(t *testing.T) {
	root := tree(t, map[string]string{
		"sys/bus/pci/devices/0000:03:00.0/class":               "0x030000\n",
		"sys/bus/pci/devices/0000:03:00.0/vendor":              "0x1002\n",
		"sys/bus/pci/devices/0000:03:00.0/device":              "0x744c\n",
		"sys/bus/pci/devices/0000:03:00.0/mem_info_vram_total": "25753026560\n",
		"sys/bus/pci/devices/0000:03:00.0/mem_info_vram_used":  "753026560\n",
		"sys/bus/pci/devices/0000:03:00.0/mem_info_gtt_total":  "16000000000\n",
		"sys/bus/pci/devices/0000:04:00.0/class":               "0x030000\n", // a processor with graphics
		"sys/bus/pci/devices/0000:04:00.0/vendor":              "0x1002\n",
		"sys/bus/pci/devices/0000:04:00.0/product_name":        "Radeon 780M\n",
		"sys/bus/pci/devices/0000:04:00.0/mem_info_vram_total": "500000000\n",
		"sys/bus/pci/devices/0000:04:00.0/mem_info_vram_used":  "100000000\n",
		"sys/bus/pci/devices/0000:04:00.0/mem_info_gtt_total":  "16000000000\n",
		"sys/bus/pci/devices/0000:04:00.0/mem_info_gtt_used":   "1000000000\n",
		"sys/bus/pci/devices/0000:05:00.0/class":               "0x020000\n",
		"sys/bus/pci/devices/0000:05:00.0/vendor":              "0x8086\n",
		"sys/bus/pci/devices/0000:06:00.0/class":               "0x038000\n",
		"sys/bus/pci/devices/0000:06:00.0/vendor":              "0x8086\n",
		"sys/bus/pci/devices/0000:07:00.0/class":               "0x030000\n",
		"sys/bus/pci/devices/0000:07:00.0/vendor":              "0x1234\n",
		"sys/bus/pci/devices/0000:08:00.0/class":               "0x030000\n",
		"sys/bus/pci/devices/0000:08:00.0/vendor":              "nonsense\n",
	})
	if err := os.Symlink("../../drivers/amdgpu", filepath.Join(root, "sys/bus/pci/devices/0000:03:00.0/driver")); err != nil {
		t.Fatal(err)
	}
	got := pciDisplays(root, func() map[string]string { return map[string]string{"0000:06:00.0": "Arc A770"} })
	want := []GPU{
		{Name: "AMD graphics (744c)", Vendor: "AMD", Driver: "amdgpu", Memory: 25753026560, Free: 25000000000, PCI: "0000:03:00.0"},
		{Name: "AMD Radeon 780M", Vendor: "AMD", Memory: 16500000000, Free: 15400000000, Shares: true, PCI: "0000:04:00.0"},
		{Name: "Intel Arc A770", Vendor: "Intel", PCI: "0000:06:00.0"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestTopology(t *testing.T) {
	cache := func(files map[string]string, cpu string) map[string]string {
		for i, c := range [][4]string{{"1", "Data", "48K", cpu}, {"1", "Instruction", "32K", cpu}, {"2", "Unified", "2048K", cpu}, {"3", "Unified", "30M", "0-7"}} {
			dir := "sys/devices/system/cpu/cpu" + cpu + "/cache/index" + string(rune('0'+i)) + "/"
			files[dir+"level"], files[dir+"type"], files[dir+"size"], files[dir+"shared_cpu_list"] = c[0], c[1]+"\n", c[2]+"\n", c[3]+"\n"
		}
		return files
	}
	caches := []Cache{{1, 48 << 10, 1}, {2, 2 << 20, 1}, {3, 30 << 20, 8}}
	for name, tc := range map[string]struct {
		files  map[string]string
		fast   int
		caches []Cache
	}{
		"nothing": {nil, 0, nil},
		"Intel, with two threads a fast core": {cache(map[string]string{
			"sys/devices/system/cpu/online":                             "0-7\n",
			"sys/devices/cpu_core/cpus":                                 "0-3\n",
			"sys/devices/system/cpu/cpu0/topology/thread_siblings_list": "0-1\n",
			"sys/devices/system/cpu/cpu1/topology/thread_siblings_list": "0-1\n",
			"sys/devices/system/cpu/cpu2/topology/thread_siblings_list": "2-3\n",
			"sys/devices/system/cpu/cpu3/topology/thread_siblings_list": "2-3\n",
		}, "0"), 2, caches},
		"ARM, the fast ones last": {cache(map[string]string{
			"sys/devices/system/cpu/online":            "0-3\n",
			"sys/devices/system/cpu/cpu0/cpu_capacity": "400\n",
			"sys/devices/system/cpu/cpu1/cpu_capacity": "400\n",
			"sys/devices/system/cpu/cpu2/cpu_capacity": "1024\n",
			"sys/devices/system/cpu/cpu3/cpu_capacity": "1024\n",
		}, "2"), 2, caches},
		"one that may go faster": {cache(map[string]string{
			"sys/devices/system/cpu/online":                        "0-1\n",
			"sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "5000000\n",
			"sys/devices/system/cpu/cpu1/cpufreq/cpuinfo_max_freq": "5400000\n",
		}, "0"), 2, caches},
		"garbage": {map[string]string{
			"sys/devices/system/cpu/online":                   "0-99999999999,x,3-1,-2-\n",
			"sys/devices/cpu_core/cpus":                       "\x00",
			"sys/devices/system/cpu/cpu0/cache/index0/level":  "x",
			"sys/devices/system/cpu/cpu0/cpu_capacity":        "-1",
			"sys/devices/system/cpu/cpu0/cache/index1/level":  "1",
			"sys/devices/system/cpu/cpu0/cache/index1/size":   "99999999999M",
			"sys/devices/system/cpu/cpu0/topology/irrelevant": "",
		}, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			fast, got := readTopology(tree(t, tc.files))
			if fast != tc.fast || !reflect.DeepEqual(got, tc.caches) {
				t.Errorf("%d fast cores, caches %+v", fast, got)
			}
		})
	}
}

// compiled makes a shared library of C.
func compiled(t *testing.T, source string) string {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler to make a library of")
	}
	dir := t.TempDir()
	c, lib := filepath.Join(dir, "fake.c"), filepath.Join(dir, "libfake.so")
	if err := os.WriteFile(c, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), cc, "-shared", "-fPIC", "-Wall", "-Werror", "-o", lib, c).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return lib
}

const fakeNVML = `
#include <string.h>
typedef struct { unsigned long long total, free, used; } memory;
typedef struct { char legacy[16]; unsigned domain, bus, device, id, subsystem; char bus_id[32]; } pci;
static int devices[2], open;
int nvmlInit_v2(void) { open++; return 0; }
int nvmlShutdown(void) { return open-- > 0 ? 0 : 1; }
int nvmlDeviceGetCount_v2(unsigned *n) { if (!open) return 1; *n = 3; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **d) { if (i > 1) return 15; /* lost */ *d = &devices[i]; return 0; }
int nvmlDeviceGetName(void *d, char *name, unsigned length) { strncpy(name, "NVIDIA GeForce RTX 4070 Laptop GPU", length); return 0; }
int nvmlDeviceGetMemoryInfo(void *d, memory *m) {
	if (d == &devices[1]) return 3; /* not supported */
	m->total = 8585740288ULL; m->free = 8000000000ULL; m->used = m->total - m->free; return 0;
}
int nvmlDeviceGetPciInfo_v3(void *d, pci *p) { p->domain = 0; p->bus = d == devices ? 1 : 0xc1; p->device = 0; return 0; }
int nvmlSystemGetDriverVersion(char *v, unsigned length) { strncpy(v, "570.86.15", length); return 0; }
`

func TestNVML(t *testing.T) {
	lib := compiled(t, fakeNVML)
	const name = "NVIDIA GeForce RTX 4070 Laptop GPU"
	want := []GPU{
		{Name: name, Vendor: "NVIDIA", Driver: "570.86.15", Memory: 8585740288, Free: 8000000000, API: "cuda", PCI: "0000:01:00.0"},
		{Name: name, Vendor: "NVIDIA", Driver: "570.86.15", API: "cuda", PCI: "0000:c1:00.0"},
	}
	for range 3 {
		if got := askNVML("libnosuchthing.so.9", lib); !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
	}
	if got := askNVML("libnosuchthing.so.9"); got != nil {
		t.Errorf("without a library: %+v", got)
	}
	if got := askNVML(compiled(t, "int nvmlInit_v2(void) { return 9; /* no driver */ }")); got != nil {
		t.Errorf("without most functions: %+v", got)
	}
}

const fakeCUDA = `
#include <string.h>
#include <stddef.h>
static int ready;
int cuInit(unsigned flags) { if (flags) return 1; ready = 1; return 0; }
int cuDriverGetVersion(int *v) { *v = 12080; return 0; }
int cuDeviceGetCount(int *n) { if (!ready) return 3; *n = 1; return 0; }
int cuDeviceGet(int *d, int i) { *d = i; return 0; }
int cuDeviceGetName(char *name, int length, int d) { strncpy(name, "Orin", length); return 0; }
int cuDeviceTotalMem_v2(size_t *n, int d) { *n = 7834763264; return 0; }
int cuDeviceGetPCIBusId(char *id, int length, int d) { strncpy(id, "0000:00:00.0", length); return 0; }
`

func TestCUDA(t *testing.T) {
	want := []GPU{{Name: "Orin", Vendor: "NVIDIA", Driver: "CUDA 12.8", Memory: 7834763264, API: "cuda", PCI: "0000:00:00.0"}}
	if got := askCUDA(compiled(t, fakeCUDA)); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got := askCUDA(compiled(t, "int cuInit(unsigned f) { return 100; /* no device */ }")); got != nil {
		t.Errorf("%+v", got)
	}
}

// fakeVulkan has a card, a processor with graphics and a software device.
const fakeVulkan = `
#include <stdint.h>
#include <string.h>
typedef struct chain { uint32_t kind; struct chain *next; } chain;
static int devices[3];
int vkCreateInstance(const chain *info, const void *a, void **instance) {
	const chain *app = *(const chain *const *)((const char *)info + 24);
	if (info->kind != 1 || app->kind != 0) return -3;
	*instance = devices; return 0;
}
void vkDestroyInstance(void *i, const void *a) {}
int vkEnumeratePhysicalDevices(void *i, uint32_t *n, void **d) {
	if (i != devices || *n < 3) return 5;
	for (int k = 0; k < 3; k++) d[k] = &devices[k];
	*n = 3; return 0;
}
void vkGetPhysicalDeviceProperties2(void *d, chain *p) {
	static const uint32_t types[] = {2, 1, 4}, makers[] = {0x1002, 0x8086, 0x10005};
	static const char *names[] = {"AMD Radeon RX 7900 XTX (RADV NAVI31)", "Intel(R) Graphics", "llvmpipe (LLVM 15)"};
	int k = (int *)d - devices;
	uint32_t *u = (uint32_t *)(p + 1);
	u[2] = makers[k]; u[4] = types[k]; strcpy((char *)(u + 5), names[k]);
	for (p = p->next; p; p = p->next) {
		u = (uint32_t *)(p + 1);
		if (p->kind == 1000196000) { strcpy((char *)(u + 1), "radv"); strcpy((char *)(u + 1) + 256, "Mesa 25.0"); }
		if (p->kind == 1000212000 && k == 0) { u[0] = 0; u[1] = 3; u[2] = 0; u[3] = 0; }
	}
}
void vkGetPhysicalDeviceMemoryProperties2(void *d, chain *m) {
	int k = (int *)d - devices;
	char *b = (char *)(m + 1);
	*(uint32_t *)(b + 260) = 2;
	*(uint64_t *)(b + 264) = 8000; *(uint32_t *)(b + 272) = k == 1;
	*(uint64_t *)(b + 280) = 24000; *(uint32_t *)(b + 288) = k == 0;
	uint64_t *budget = (uint64_t *)(m->next + 1);
	if (k == 0) { budget[1] = 23000; budget[17] = 1000; }
}
`

func TestVulkan(t *testing.T) {
	want := []GPU{
		{Name: "AMD Radeon RX 7900 XTX (RADV NAVI31)", Vendor: "AMD", Driver: "radv Mesa 25.0", Memory: 24000, Free: 22000, API: "vulkan", PCI: "0000:03:00.0"},
		{Name: "Intel(R) Graphics", Vendor: "Intel", Driver: "radv Mesa 25.0", Memory: 8000, Shares: true, API: "vulkan"},
	}
	if got := askVulkan(compiled(t, fakeVulkan)); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := askVulkan(compiled(t, "int vkCreateInstance(void) { return -9; }")); got != nil {
		t.Errorf("%+v", got)
	}
}

// TestVulkanOfThisMachine asks the real loader, in another process since its
// drivers stay: it lists no software and says nothing by itself.
func TestVulkanOfThisMachine(t *testing.T) {
	if os.Getenv("FREEHOLD_TEST_VULKAN") != "" {
		for _, g := range askVulkan(vulkanLibraries()...) {
			if name := strings.ToLower(g.Name); strings.Contains(name, "llvmpipe") || strings.Contains(name, "swiftshader") {
				t.Errorf("%+v", g)
			}
			t.Logf("%+v", g)
		}
		return
	}
	if _, err := openLibrary(vulkanLibraries()...); err != nil {
		t.Skip("no Vulkan here")
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), own, "-test.run=TestVulkanOfThisMachine$", "-test.v")
	cmd.Env = append(os.Environ(), "FREEHOLD_TEST_VULKAN=1")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Errorf("%v\n%s\nstandard error: %s", err, &stdout, &stderr)
	}
}
