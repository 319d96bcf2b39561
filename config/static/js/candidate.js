// Shows times in the zone of the device, until somebody chooses another. (Without scripts: the zone we know, and a list.)

const zones = document.querySelector("select[data-zone]");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
const isListed = zones && [...zones.options].some((option) => option.value === here);
if (isListed && here !== zones.value) location.replace(`?zone=${encodeURIComponent(here)}`);
