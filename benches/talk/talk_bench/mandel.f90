! Implementation 5 in Fortran. counts(x, y) is numpy's counts[y, x]: rows of constant im.
subroutine mandel_set(width, height, re, im, max_iter, counts) bind(c)
    use, intrinsic :: iso_c_binding, only: c_double, c_int
    implicit none
    integer(c_int), value, intent(in) :: width, height, max_iter
    real(c_double), intent(in) :: re(width), im(height)
    integer(c_int), intent(out) :: counts(width, height)
    integer :: x, y

    do y = 1, height
        do x = 1, width
            counts(x, y) = escape_count(re(x), im(y))
        end do
    end do

contains

    pure integer(c_int) function escape_count(cre, cim)
        real(c_double), intent(in) :: cre, cim
        real(c_double) :: zre, zim, re2, im2
        integer(c_int) :: n

        zre = cre
        zim = cim
        do n = 0, max_iter - 1
            re2 = zre * zre
            im2 = zim * zim
            if (re2 + im2 > 4.0_c_double) exit
            zim = 2 * zre * zim + cim
            zre = re2 - im2 + cre
        end do
        escape_count = n
    end function escape_count

end subroutine mandel_set
