// Implementation 5 in OpenCL: one work item per point, in f64.
#pragma OPENCL FP_CONTRACT OFF
__kernel void mandel_set(__global const double *re, __global const double *im, const int max_iter,
                         __global int *counts) {
    const size_t x = get_global_id(0), y = get_global_id(1);
    const double cre = re[x], cim = im[y];
    double zre = cre, zim = cim;
    int n = 0;
    for (; n < max_iter; n++) {
        const double re2 = zre * zre, im2 = zim * zim;
        if (re2 + im2 > 4.0) break;
        zim = 2 * zre * zim + cim;
        zre = re2 - im2 + cre;
    }
    counts[y * get_global_size(0) + x] = n;
}
